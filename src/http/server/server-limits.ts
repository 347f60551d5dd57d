import type { Server, ServerOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { codeOfStatus, problemMediaType, titled } from './problem.js'

/**
 * What a connection may take before it has brought a request, so that slow or silent peers cannot hold the daemon:
 * headers within 15 s, the whole request within a minute, 16 KiB of headers with the URL among them. Answers may take as
 * long as they like. An absent Host is refused by the origin guard, as problem+json.
 */
export const serverOptions = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 72_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: false,
} as const satisfies ServerOptions

/** Thousands of event streams fit; a flood is turned away before it takes descriptors from the uploads. */
const mostConnections = 8_192
const mostHeaders = 200

/** The limits that node takes no options for. */
export const limitConnections = (server: Server): void => {
  server.maxConnections = mostConnections
  server.maxHeadersCount = mostHeaders
}

const statusOfParserError: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
}

const detailOfStatus: Readonly<Record<number, string>> = {
  408: 'The request did not come whole in time: its headers may take 15 s, all of it 60 s.',
  413: 'The extensions of the chunks are too long.',
  431: 'The address and the headers of a request may have 16 KiB together; this one has more.',
}

/** Answers what node refuses (bytes that are not HTTP, too long a head, a peer that is too slow): no route sees it. Hangs up. */
export const refuseMalformed = (error: { readonly code?: string }, socket: Duplex): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = statusOfParserError[error.code ?? ''] ?? 400
  const problem = titled(
    status,
    codeOfStatus[status] ?? 'invalid_request',
    detailOfStatus[status] ?? 'The request is not well-formed HTTP.',
  )
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: ${problemMediaType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
