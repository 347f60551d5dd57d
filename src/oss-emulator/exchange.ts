import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Address, readAddress } from './address.js'
import type { Authenticator } from './authenticate.js'
import type { Bandwidth } from './bandwidth.js'
import { performCallback, readCallback } from './callback.js'
import type { Fault, Faults } from './fault.js'
import { Cut, faultAfterBody, faultBeforeAnswer, faultBeforeBody, Scripted } from './fault-point.js'
import { bodyEnded, checkLength, readBody, requestedBandwidth } from './incoming-body.js'
import type { Ledger, OpenEntry } from './ledger.js'
import type { Answer, Call } from './operation.js'
import { nameOperation } from './operation-name.js'
import { operations } from './operations.js'
import { OssError } from './oss-error.js'
import {
  alterAnswer,
  type RefusedRequest,
  type RenderedAnswer,
  renderAnswer,
  renderError,
  renderScripted,
} from './rendered-answer.js'
import { checkContentMd5, receiveData, receiveText } from './request-body.js'
import { createRequestIds } from './request-id.js'
import { sendAnswer, sendHalf } from './send-answer.js'
import type { Storage } from './storage.js'

export interface ExchangeDeps {
  readonly storage: Storage
  readonly authenticator: Authenticator
  readonly faults: Faults
  readonly ledger: Ledger
  readonly bandwidth: Bandwidth
  readonly region: string
  readonly cnames: Readonly<Record<string, string>>
}

/**
 * Handles one request from its head to its end, and never rejects. `awaitsContinue` means that the client sent `Expect:
 * 100-continue`.
 */
export type HandleExchange = (
  request: IncomingMessage,
  response: ServerResponse,
  awaitsContinue: boolean,
) => Promise<void>

/** This is one request on its way. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly refused: RefusedRequest
  readonly receivedAt: number
  /** Aborts when the connection is gone before the answer is out. */
  readonly gone: AbortSignal
  readonly address: Address
  readonly entry: OpenEntry
  readonly fault: Fault | null
  /** True means that the client waits to be told to send the body. */
  readonly awaitsContinue: boolean
}

const nowhere: Address = { bucket: null, key: null, query: new Map() }

const newEntry = (method: string, { bucket, key, query }: Address, requestId: string): OpenEntry => ({
  at: new Date().toISOString(),
  operation: nameOperation(method, { bucket, key, query }),
  bucket,
  key,
  partNumber: /^\d+$/.test(query.get('partNumber') ?? '') ? Number(query.get('partNumber')) : null,
  uploadId: query.get('uploadId') ?? null,
  bodyBytes: 0,
  status: null,
  requestId,
  stored: false,
})

/** Returns the server's clock in ms, as this exchange shows it. */
const clockOf = (fault: Fault | null): number => Date.now() + (fault?.kind === 'skewed' ? fault.offsetMs : 0)

export const createExchange = (deps: ExchangeDeps): HandleExchange => {
  const { storage, authenticator, faults, ledger, bandwidth, region, cnames } = deps
  const nextRequestId = createRequestIds()

  const apply = async (exchange: Exchange): Promise<Answer> => {
    const { request, response, address, entry, fault, gone, awaitsContinue } = exchange
    const operation = operations[entry.operation]
    const call: Call = {
      storage,
      bucket: address.bucket ?? '',
      key: address.key ?? '',
      query: address.query,
      headers: request.headers,
      now: () => Date.now(),
      origin: `http://${request.headers.host ?? ''}`,
      region,
    }
    const ownLimit = requestedBandwidth(request)
    if (operation.body === 'data') {
      operation.admit(call)
      checkLength(request)
    }
    if (awaitsContinue) response.writeContinue()
    const body = readBody(request, {
      limits: ownLimit === null ? [bandwidth] : [bandwidth, ownLimit],
      cutInHalf: fault?.kind === 'reset' && fault.at === 'mid-body',
      onBytes: (byteCount) => {
        entry.bodyBytes += byteCount
      },
      gone,
    })
    const contentMd5 = request.headers['content-md5']
    if (operation.body !== 'data') {
      const { text, md5 } = await receiveText(body)
      checkContentMd5(contentMd5, md5)
      faultAfterBody(fault)
      return operation.body === 'text' ? operation.apply(call, text) : operation.apply(call)
    }
    const data = await receiveData(body, storage.dataFiles, fault?.kind === 'corrupt')
    try {
      checkContentMd5(contentMd5, data.md5)
      faultAfterBody(fault)
      return operation.apply(call, data)
    } catch (error) {
      storage.dataFiles.release([data.segment])
      throw error
    }
  }

  /**
   * Makes the callback, if the request asks for one, once the object is stored. The answer of the callback becomes the
   * answer to the request.
   */
  const callBack = async ({ request, address, entry, refused }: Exchange, answer: Answer): Promise<Answer> => {
    if (entry.operation !== 'PutObject' && entry.operation !== 'CompleteMultipartUpload') return answer
    const callback = readCallback(request.headers)
    const { bucket, key } = address
    const object = bucket === null || key === null ? undefined : storage.bucket(bucket)?.object(key)
    if (callback === null || bucket === null || object === undefined) return answer
    const outcome = await performCallback(callback, {
      bucket,
      object: object.key,
      etag: object.etag,
      size: object.size,
      mimeType: object.headers['content-type'] ?? '',
      crc64: object.crc64,
      reqId: refused.requestId,
      operation: entry.operation,
    })
    if (!outcome.ok) throw new OssError('CallbackFailed', { message: outcome.message })
    const { xml: _xml, ...rest } = answer
    return { ...rest, text: { contentType: outcome.contentType, body: outcome.body } }
  }

  /** Returns the answer to a request, refusals included. It throws Cut, and the errors of a client that hangs up. */
  const answerTo = async (exchange: Exchange): Promise<RenderedAnswer> => {
    const { request, refused, address, entry, fault, gone } = exchange
    try {
      const forgetUpload = (): void => {
        const { bucket, uploadId } = entry
        if (bucket !== null && uploadId !== null) storage.commit({ type: 'upload-aborted', bucket, uploadId })
      }
      await faultBeforeBody(fault, forgetUpload, gone)
      authenticator.check(refused.method, address, request.headers, clockOf(fault))
      const applied = await apply(exchange)
      entry.stored = operations[entry.operation].changes
      const answer = await callBack(exchange, applied)
      const rendered = renderAnswer(answer)
      return fault?.kind === 'answer' ? alterAnswer(rendered, fault.change, refused) : rendered
    } catch (error) {
      if (error instanceof Scripted) return renderScripted(error.fault, refused)
      if (error instanceof OssError) return renderError(error, refused)
      if (error instanceof Cut || gone.aborted || request.destroyed) throw error
      // This is not the client's doing but a full disk, or a mistake in the emulator. It shows on stderr and as a 500.
      process.emitWarning(error instanceof Error ? error : String(error))
      return renderError(new OssError('InternalError'), refused)
    }
  }

  const commonHeaders = ({ refused, receivedAt, fault }: Exchange): Record<string, string> => ({
    server: 'AliyunOSS',
    date: new Date(clockOf(fault)).toUTCString(),
    'x-oss-request-id': refused.requestId,
    'x-oss-server-time': String(Math.round(performance.now() - receivedAt)),
  })

  const finish = async (exchange: Exchange, rendered: RenderedAnswer): Promise<void> => {
    const { request, response, entry, fault, gone } = exchange
    const answer = { ...rendered, headers: { ...commonHeaders(exchange), ...rendered.headers } }
    await faultBeforeAnswer(fault, gone)
    entry.status = answer.status
    if (fault?.kind === 'stall' && fault.at === 'mid-answer') {
      await sendHalf(response, answer, storage.dataFiles)
      throw new Cut('stall')
    }
    if (request.complete) {
      // The entry is written before the client can know the answer, so that a client that has the answer finds it in
      // the ledger.
      ledger.close(entry)
    } else {
      // The request was refused early. What the client still sends is counted and thrown away.
      request.on('data', (chunk: Buffer) => {
        entry.bodyBytes += chunk.length
      })
      request.resume()
    }
    await sendAnswer(response, answer, storage.dataFiles)
    await bodyEnded(request)
  }

  const cutShort = async ({ request, gone }: Exchange, error: unknown): Promise<void> => {
    if (!(error instanceof Cut)) {
      request.socket.destroy()
      return
    }
    if (error.how === 'reset') request.socket.resetAndDestroy()
    else if (error.how === 'close') request.socket.destroy()
    else if (!gone.aborted) await once(gone, 'abort')
  }

  return async (request, response, awaitsContinue) => {
    const receivedAt = performance.now()
    const requestId = nextRequestId()
    const host = request.headers.host ?? ''
    const method = request.method ?? ''
    const controller = new AbortController()
    // This is a reason of our own, because without one every request would pay for an exception with its stack.
    response.once('close', () => {
      if (!response.writableFinished) controller.abort('gone')
    })

    let address = nowhere
    let unreadable: OssError | null = null
    try {
      address = readAddress(host, request.url ?? '/', {
        cnames,
        isBucket: (name) => storage.bucket(name) !== undefined,
      })
    } catch (error) {
      if (!(error instanceof OssError)) throw error
      unreadable = error
    }
    const entry = ledger.open(newEntry(method, address, requestId))
    const exchange: Exchange = {
      request,
      response,
      refused: { requestId, host, method },
      receivedAt,
      gone: controller.signal,
      address,
      entry,
      fault: unreadable === null ? faults.next({ ...entry, headers: request.headers }) : null,
      awaitsContinue,
    }
    try {
      const answer = unreadable === null ? await answerTo(exchange) : renderError(unreadable, exchange.refused)
      await finish(exchange, answer)
    } catch (error) {
      await cutShort(exchange, error)
    } finally {
      ledger.close(entry)
    }
  }
}
