import mime from 'mime'
import { type Callback, callbackTexts } from '../../../core/callback.js'
import { Failure } from '../../../core/failure.js'
import { markerHeader, payerHeader, type RoutedCall, routeHeaders } from '../../../core/object-headers.js'
import type { Clock } from '../../../ports/clock.js'
import type { Credentials } from '../../../ports/credentials.js'
import type { Logger } from '../../../ports/logger.js'
import type { ByteRange } from '../../../ports/source.js'
import type {
  ListedPart,
  ObjectOptions,
  ObjectRef,
  Payer,
  SendOptions,
  SentBytes,
  Target,
  UploadRef,
} from '../../../ports/target.js'
import type { DataPath } from '../lanes/data-path.js'
import type { RangeSent, SendRangeOptions } from '../lanes/send-range.js'
import { type Addressing, addressingOf, authorityOf, endpointProblem, refuseUnsafeNames } from '../wire/addressing.js'
import { createAgent } from '../wire/agents.js'
import type { Answer } from '../wire/exchange.js'
import { type Network, type Route, routeTo } from '../wire/network.js'
import { completeTimeouts, controlTimeouts, dataTimeouts, defaultTimeouts, type OssTimeouts } from '../wire/timeouts.js'
import { classifyMismatch, classifyUnproven, type OssCall } from './classify.js'
import { createOssClient, type OssCallParams, type Signature, type SubResource } from './client.js'
import { type AbortRule, readAbortRules } from './lifecycle.js'
import {
  crc64Of,
  etagOf,
  headerOf,
  readCompletedEtag,
  readPartsPage,
  readUploadId,
  requestIdOf,
  versionIdOf,
} from './oss-answers.js'
import { createPutFiles } from './put-files.js'
import { createRequester } from './requester.js'
import { createSigner } from './signer.js'
import { createSigningClock } from './signing-clock.js'
import { createSpoiltWays } from './spoilt-ways.js'
import { type ControlContext, createTransport } from './transport.js'
import { readUploadsPage } from './uploads-page.js'

export interface OssTargetDeps {
  /** The endpoint holds a scheme, a host and a port only. */
  readonly endpoint: URL
  readonly region: string
  /** The addressing is used for endpoints that are names. For an IP address the bucket stands in the path. */
  readonly addressing: Addressing
  readonly signature: Signature
  readonly credentials: Credentials
  /**
   * This is the number of connections for bytes. Control calls have other connections, as many as there are calls, and
   * so never wait for each other.
   */
  readonly maxSockets: number
  readonly dataPath: DataPath
  readonly network: Network
  readonly clock: Clock
  readonly logger: Logger
  readonly timeouts?: Partial<OssTimeouts>
}

/** OSS gives no larger page. */
const partsPerPage = '1000'

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const completeBody = (parts: readonly { readonly partNumber: number; readonly etag: string }[]): string => {
  const items = parts.map(
    ({ partNumber, etag }) => `<Part><PartNumber>${partNumber}</PartNumber><ETag>"${escapeXml(etag)}"</ETag></Part>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUpload>${items.join('')}</CompleteMultipartUpload>`
}

/** Returns the content type of a key. The slash keeps a key without one from being taken for a bare file extension. */
const contentTypeOf = (key: string): string => mime.getType(`/${key}`) ?? 'application/octet-stream'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const callbackHeaders = (given: Callback): Record<string, string> => {
  const { callback, vars } = callbackTexts(given)
  return { 'x-oss-callback': base64(callback), ...(vars === null ? {} : { 'x-oss-callback-var': base64(vars) }) }
}

const headersFor = (
  call: RoutedCall,
  { key, payer }: ObjectRef,
  objectOptions: ObjectOptions,
): Record<string, string> => {
  const headers = routeHeaders(call, objectOptions.headers)
  if (payer !== undefined) headers[payerHeader] = payer
  const makesObject = call === 'initiate' || call === 'put'
  if (makesObject) headers['content-type'] ??= contentTypeOf(key)
  if (makesObject && objectOptions.marker !== null) headers[markerHeader] = objectOptions.marker
  if (call !== 'part' && objectOptions.forbidOverwrite) headers['x-oss-forbid-overwrite'] = 'true'
  if (objectOptions.callback !== undefined && (call === 'put' || call === 'complete')) {
    Object.assign(headers, callbackHeaders(objectOptions.callback))
  }
  return headers
}

/** The doctor calls this beside what the engine calls. */
export interface OssTarget extends Target {
  /**
   * Returns the enabled lifecycle rules of a bucket that abort open uploads. A bucket without rules returns an empty
   * list.
   */
  abortRules(bucket: string, signal: AbortSignal): Promise<readonly AbortRule[]>
}

/**
 * Creates OSS's target from ali-oss's signatures and our own connections. Throws a plain Error when the endpoint cannot
 * be used, so check with `endpointProblem` first.
 */
export const createOssTarget = (deps: OssTargetDeps): OssTarget => {
  const { endpoint, network, credentials, clock, logger } = deps
  const problem = endpointProblem(endpoint)
  if (problem !== null) throw new Error(`The endpoint ${problem}.`)
  const timeouts: OssTimeouts = { ...defaultTimeouts, ...deps.timeouts }
  const signingClock = createSigningClock(clock)
  const addressing = addressingOf(endpoint, deps.addressing)
  const routeOf = (bucket: string): Route => routeTo(authorityOf(endpoint, addressing, bucket), network)
  const { protocol } = routeOf('')
  const proxy = network.proxyFor(authorityOf(endpoint, 'path', ''))
  if (proxy !== null) {
    logger.info(
      { endpoint: endpoint.origin, proxy: `${proxy.hostname}:${proxy.port}` },
      'OSS is reached through a proxy',
    )
  }
  const { connectMs } = timeouts
  const { maxSockets } = deps
  const data = deps.dataPath.open({ protocol, connectMs, maxSockets })
  // In path style all buckets share these connections. If their number were bounded, a bucket that never answers could
  // hold them all.
  const controlAgent = createAgent({
    protocol,
    network,
    connectMs,
    maxFreeSockets: maxSockets,
    maxSockets: Number.POSITIVE_INFINITY,
  })
  const client = createOssClient({ ...deps, addressing, signingClock, transport: createTransport(controlAgent) })
  const signPut = createSigner({ ...deps, client, signingClock })
  const ways = createSpoiltWays(clock)
  const requester = createRequester({ client, credentials, signingClock, clock, logger })

  const control = async (
    call: OssCall,
    subject: { readonly bucket: string; readonly key: string | null; readonly payer?: Payer },
    signal: AbortSignal,
    params: Pick<OssCallParams, 'method' | 'subres' | 'query' | 'mime' | 'content'> & {
      readonly headers?: Readonly<Record<string, string>>
    },
  ): Promise<Answer> => {
    refuseUnsafeNames(subject)
    const { bucket, key, payer } = subject
    const paid = payer === undefined ? {} : { [payerHeader]: payer }
    return requester.perform(call, signal, async () => {
      const ctx: ControlContext = {
        route: routeOf(bucket),
        timeouts: call === 'complete' ? completeTimeouts(timeouts) : controlTimeouts(timeouts),
        signal,
        outcome: null,
      }
      try {
        await client.request({ ...params, bucket, object: key ?? '', headers: { ...paid, ...params.headers }, ctx })
      } catch (error) {
        if (ctx.outcome === null) throw error
      }
      if (ctx.outcome === null) throw new Error('ali-oss resolved without using its transport')
      if ('error' in ctx.outcome) throw ctx.outcome.error
      return ctx.outcome.answer
    })
  }

  const sendBytes = async (
    call: 'part' | 'put',
    object: ObjectRef,
    query: SubResource,
    range: ByteRange,
    objectOptions: ObjectOptions,
    { pace, ...options }: SendOptions & Pick<SendRangeOptions, 'confirm'>,
  ): Promise<{ readonly answer: RangeSent; readonly sent: SentBytes }> => {
    refuseUnsafeNames(object)
    const { host, ...route } = routeOf(object.bucket)
    const sending: SendRangeOptions = pace === undefined ? options : { ...options, account: pace.account }
    const uploadId = query['uploadId'] ?? null
    const md5 = ways.needsMd5(uploadId) ? await deps.dataPath.md5(range, options.signal) : null
    const leave = pace?.enter()
    const answer = await requester
      .perform(call, options.signal, () => {
        const routed = headersFor(call, object, objectOptions)
        const limits = dataTimeouts(timeouts, range.length, routed['x-oss-traffic-limit'])
        const proof = md5 === null ? {} : { 'content-md5': md5 }
        const signed = signPut(object, query, { ...routed, ...proof, host, 'content-length': String(range.length) })
        return data.send({ ...route, ...signed, method: 'PUT', timeouts: limits }, range, sending)
      })
      .finally(leave)
    const requestId = requestIdOf(answer)
    const etag = etagOf(answer)
    const serverCrc64 = crc64Of(answer)
    const callsBack = call === 'put' && objectOptions.callback !== undefined
    if (etag === null && !callsBack) throw classifyUnproven(call, 'an ETag', answer.status, requestId)
    // The body of a callback comes from the user's server, so it may hold any text.
    if (answer.body.includes('<Error') && !callsBack)
      throw classifyUnproven(call, 'success in its body', answer.status, requestId)
    if (serverCrc64 !== null && serverCrc64 !== answer.crc64) {
      ways.noteMismatch(uploadId)
      throw classifyMismatch(call, requestId)
    }
    const shown = etag === null ? { etag: '', serverCrc64: null } : { etag, serverCrc64 }
    return { answer, sent: { size: range.length, crc64: answer.crc64, ...shown, requestId } }
  }

  const listPage = async (upload: UploadRef, after: number, signal: AbortSignal) => {
    const answer = await control('list', upload, signal, {
      method: 'GET',
      subres: { uploadId: upload.uploadId },
      query: { 'max-parts': partsPerPage, 'part-number-marker': String(after) },
    })
    const page = await readPartsPage(client, answer, after)
    if (page === null) throw classifyUnproven('list', 'a consistent list', answer.status, requestIdOf(answer))
    return page
  }

  return {
    async initiate(object, objectOptions, signal) {
      const answer = await control('initiate', object, signal, {
        method: 'POST',
        subres: objectOptions.sequential ? { uploads: '', sequential: '' } : { uploads: '' },
        headers: headersFor('initiate', object, objectOptions),
      })
      const uploadId = await readUploadId(client, answer)
      if (uploadId === null) throw classifyUnproven('initiate', 'an upload id', answer.status, requestIdOf(answer))
      return { uploadId, requestId: requestIdOf(answer) }
    },

    async uploadPart(upload, partNumber, range, objectOptions, options) {
      const query = { partNumber: String(partNumber), uploadId: upload.uploadId }
      return (await sendBytes('part', upload, query, range, objectOptions, options)).sent
    },

    async putObject(object, range, objectOptions, options) {
      const { answer, sent } = await sendBytes('put', object, {}, range, objectOptions, options)
      return { ...sent, versionId: versionIdOf(answer) }
    },

    putFiles: createPutFiles({ ...deps, pool: data, timeouts, signPut, routeOf, ways, headersFor }),

    async listParts(upload, signal) {
      const parts: ListedPart[] = []
      for (let marker: number | null = 0; marker !== null; ) {
        const page = await listPage(upload, marker, signal)
        parts.push(...page.parts)
        marker = page.nextMarker
      }
      return parts
    },

    async listUploads(bucket, request, signal) {
      const { prefix, after, limit, payer } = request
      const subject = { bucket, key: null, ...(payer === undefined ? {} : { payer }) }
      const answer = await control('uploads', subject, signal, {
        method: 'GET',
        subres: { uploads: '' },
        query: {
          'encoding-type': 'url',
          'max-uploads': String(limit),
          ...(prefix === '' ? {} : { prefix }),
          ...(after === null ? {} : { 'key-marker': after.key, 'upload-id-marker': after.uploadId }),
        },
      })
      const page = await readUploadsPage(client, answer, bucket, request)
      if (page === null) throw classifyUnproven('uploads', 'a consistent list', answer.status, requestIdOf(answer))
      return page
    },

    async complete(upload, parts, objectOptions, signal) {
      const answer = await control('complete', upload, signal, {
        method: 'POST',
        subres: { uploadId: upload.uploadId },
        headers: headersFor('complete', upload, objectOptions),
        mime: 'application/xml',
        content: completeBody(parts),
      })
      const requestId = requestIdOf(answer)
      if (answer.status === 200 && objectOptions.callback !== undefined) {
        const called = etagOf(answer)
        const serverCrc64 = called === null ? null : crc64Of(answer)
        return { etag: called ?? '', serverCrc64, versionId: versionIdOf(answer), requestId }
      }
      const etag = answer.status === 200 ? await readCompletedEtag(client, answer) : null
      if (etag === null) throw classifyUnproven('complete', 'a result', answer.status, requestId)
      return { etag, serverCrc64: crc64Of(answer), versionId: versionIdOf(answer), requestId }
    },

    async abort(upload, signal) {
      try {
        await control('abort', upload, signal, { method: 'DELETE', subres: { uploadId: upload.uploadId } })
        return 'aborted'
      } catch (error) {
        // An upload without its bucket is as gone as it can be.
        if (error instanceof Failure && (error.kind === 'lost' || error.code === 'no_such_bucket')) return 'gone'
        throw error
      }
    },

    async head(object, signal) {
      let answer: Answer
      try {
        answer = await control('head', object, signal, { method: 'HEAD' })
      } catch (error) {
        const absent = error instanceof Failure && error.status === 404 && error.code !== 'no_such_bucket'
        if (absent && (error.ossCode ?? 'NoSuchKey') === 'NoSuchKey') return null
        throw error
      }
      const requestId = requestIdOf(answer)
      const etag = etagOf(answer)
      const size = headerOf(answer, 'content-length')
      if (etag === null || size === null) throw classifyUnproven('head', 'size and ETag', answer.status, requestId)
      return {
        size: Number(size),
        etag,
        serverCrc64: crc64Of(answer),
        versionId: versionIdOf(answer),
        requestId,
        marker: headerOf(answer, markerHeader),
      }
    },

    async abortRules(bucket, signal) {
      let answer: Answer
      try {
        answer = await control('lifecycle', { bucket, key: null }, signal, { method: 'GET', subres: { lifecycle: '' } })
      } catch (error) {
        if (error instanceof Failure && error.ossCode === 'NoSuchLifecycle') return []
        throw error
      }
      const rules = await readAbortRules(client, answer)
      if (rules === null) throw classifyUnproven('lifecycle', 'its rules', answer.status, requestIdOf(answer))
      return rules
    },

    async close() {
      data.close()
      controlAgent.destroy()
    },
  }
}
