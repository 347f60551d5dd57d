import type { Server, ServerOptions, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AppErrorCode } from '../../core/app-error.js'
import { codeOfStatus, problemMediaType, titled } from './problem.js'

/**
 * What a connection may take until it has brought a request, so that slow or silent peers cannot occupy the daemon: headers
 * within 15 s, the whole request within a minute, and 16 KiB for the address and the headers together. Answers may take as
 * long as they like. The origin guard refuses a request without Host, as problem+json.
 */
export const serverOptions = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 72_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: false,
} as const satisfies ServerOptions

/** Thousands of event streams fit. A flood of connections is refused before it takes descriptors from the uploads. */
const mostConnections = 8_192
const mostHeaders = 200

const refusalOf = (status: number, code: AppErrorCode, detail: string) => {
  const problem = titled(status, code, detail)
  return { status, title: problem.title, body: JSON.stringify(problem) }
}

/** Answers and ends a connection whose request reaches no route. */
const hangUp = (socket: Duplex, { status, title, body }: ReturnType<typeof refusalOf>, more = ''): void =>
  void socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${problemMediaType}\r\n${more}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )

/** Refuses an Expect that is not 100-continue, as RFC 9110 allows. Node would refuse it without a text. */
const refuseExpectation = (_request: unknown, response: ServerResponse): void => {
  const { status, body } = refusalOf(417, 'invalid_request', 'The only Expect that is understood is 100-continue.')
  response.writeHead(status, { 'content-type': problemMediaType, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** Answers a CONNECT. Node would close its connection without an answer. */
const refuseTunnel = (_request: unknown, socket: Duplex): void =>
  hangUp(
    socket,
    refusalOf(405, 'method_not_allowed', 'This is not a proxy: it opens no tunnels.'),
    'Allow: GET, HEAD\r\n',
  )

/** Sets the limits for which node has no options, and answers what node would leave without an answer. */
export const limitConnections = (server: Server): void => {
  server.maxConnections = mostConnections
  server.maxHeadersCount = mostHeaders
  server.on('checkExpectation', refuseExpectation)
  server.on('connect', refuseTunnel)
}

const statusOfParserError: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}

const detailOfStatus: Readonly<Record<number, string>> = {
  408: 'The request did not arrive completely in time: its headers may take 15 s, all of it 60 s.',
  413: 'The extensions of the chunks are too long.',
  431: 'The address and the headers of a request may have 16 KiB together; this one has more.',
}

/**
 * Answers what node refuses (bytes that are not HTTP, a head that is too long, a peer that is too slow) and hangs up. No route
 * sees such requests.
 */
export const refuseMalformed = (error: { readonly code?: string }, socket: Duplex): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = statusOfParserError[error.code ?? ''] ?? 400
  const detail = detailOfStatus[status] ?? 'The request is not well-formed HTTP.'
  hangUp(socket, refusalOf(status, codeOfStatus[status] ?? 'invalid_request', detail))
}
