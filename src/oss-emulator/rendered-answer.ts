import type { AlteredAnswer, Fault } from './fault.js'
import type { Answer, ObjectRange } from './operation.js'
import { OssError } from './oss-error.js'
import { renderXml } from './xml.js'

/** This is an answer as it goes out. `body` and `range` exclude each other. */
export interface RenderedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly range: ObjectRange | null
}

/** An error document says this about the request that it refuses. */
export interface RefusedRequest {
  readonly requestId: string
  readonly host: string
  readonly method: string
}

const xmlType = { 'content-type': 'application/xml' }

export const renderAnswer = (answer: Answer): RenderedAnswer => {
  const { text } = answer
  if (text !== undefined) {
    const headers = { 'content-type': text.contentType, ...answer.headers }
    return { status: answer.status, headers, body: text.body, range: null }
  }
  const body = answer.xml === undefined ? '' : renderXml(answer.xml)
  return {
    status: answer.status,
    headers: { ...(body === '' ? {} : xmlType), ...answer.headers },
    body,
    range: answer.range ?? null,
  }
}

const renderDocument = (
  status: number,
  code: string,
  message: string,
  ec: string,
  elements: Readonly<Record<string, string | number>>,
  { requestId, host, method }: RefusedRequest,
): RenderedAnswer => {
  const document = renderXml([
    'Error',
    [
      ['Code', code],
      ['Message', message],
      ['RequestId', requestId],
      ['HostId', host],
      ...Object.entries(elements),
      ['EC', ec],
    ],
  ])
  // An answer to HEAD has no body, so the document travels in a header.
  const isHead = method === 'HEAD'
  return {
    status,
    headers: {
      ...xmlType,
      'x-oss-ec': ec,
      ...(isHead ? { 'x-oss-err': Buffer.from(document).toString('base64') } : {}),
    },
    body: isHead ? '' : document,
    range: null,
  }
}

export const renderError = (error: OssError, request: RefusedRequest): RenderedAnswer =>
  renderDocument(error.status, error.code, error.message, error.ec, error.elements, request)

/** Returns the answer of a scripted `status` fault. */
export const renderScripted = (fault: Fault & { kind: 'status' }, request: RefusedRequest): RenderedAnswer => {
  const { status, body = 'xml' } = fault
  const code = fault.code ?? (status === 503 ? 'ServiceUnavailable' : 'InternalError')
  const rendered = renderDocument(status, code, 'This fault was asked for.', '0000-00000000', {}, request)
  if (body === 'xml') return { ...rendered, headers: { ...rendered.headers, ...fault.headers } }
  const html = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1><hr>gateway</center></body></html>`
  const isHtml = body === 'html' && request.method !== 'HEAD'
  return {
    status,
    headers: { ...(isHtml ? { 'content-type': 'text/html' } : {}), ...fault.headers },
    body: isHtml ? html : '',
    range: null,
  }
}

const without = (headers: Readonly<Record<string, string>>, name: string): Record<string, string> => {
  const { [name]: _dropped, ...rest } = headers
  return rest
}

const crcHeader = 'x-oss-hash-crc64ecma'
const otherCrc = (crc: string): string => (BigInt(crc) ^ 1n).toString()
const otherEtag = `"${'0'.repeat(32)}"`

/** Returns the same answer with a wrong statement in it. Refusals stay as they are. */
export const alterAnswer = (answer: RenderedAnswer, change: AlteredAnswer, request: RefusedRequest): RenderedAnswer => {
  if (answer.status >= 300) return answer
  const { headers, body } = answer
  switch (change) {
    case 'no-etag':
      return { ...answer, headers: without(headers, 'etag'), body: body.replace(/<ETag>.*?<\/ETag>/g, '') }
    case 'wrong-etag':
      return {
        ...answer,
        headers: headers['etag'] === undefined ? headers : { ...headers, etag: otherEtag },
        body: body.replace(/<ETag>.*?<\/ETag>/g, `<ETag>${otherEtag}</ETag>`),
      }
    case 'no-crc':
      return {
        ...answer,
        headers: without(headers, crcHeader),
        body: body.replace(/<HashCrc64ecma>.*?<\/HashCrc64ecma>/g, ''),
      }
    case 'wrong-crc':
      return {
        ...answer,
        headers: headers[crcHeader] === undefined ? headers : { ...headers, [crcHeader]: otherCrc(headers[crcHeader]) },
        body: body.replace(/<HashCrc64ecma>(\d+)</g, (_all, crc: string) => `<HashCrc64ecma>${otherCrc(crc)}<`),
      }
    case 'empty-200':
      return { status: 200, headers: {}, body: '', range: null }
    case 'error-200':
      return { ...renderError(new OssError('InternalError'), request), status: 200 }
    case 'truncated-xml':
      // The bytes of an object are not XML.
      if (answer.range !== null) return answer
      return {
        ...answer,
        headers: { ...headers, ...xmlType },
        body: body.slice(0, Math.ceil(body.length / 2)) || '<?xml ver',
      }
  }
}
