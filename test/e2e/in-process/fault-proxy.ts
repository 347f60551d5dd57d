import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { readAddress } from '../../../src/oss-emulator/address.js'
import { nameOperation, type OperationName } from '../../../src/oss-emulator/operation-name.js'
import { startTcpServer } from '../../adapters/oss/raw-servers.js'

/** This is what OSS answered. */
export interface OssAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** This is one request on its way to OSS, in the hands of the mistreatment. */
export interface ProxiedCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Reads the first half of the body, or a little more. */
  receiveHalf(): Promise<void>
  receiveAll(): Promise<Buffer>
  /** Lets OSS do what was asked. It takes the body when that was received already. */
  forward(body?: Buffer): Promise<OssAnswer>
  /** Answers the client. */
  answer(answer: OssAnswer): void
}

export type Mistreatment = (call: ProxiedCall) => void | Promise<void>

/** This is a man in the middle, who passes everything on to OSS except the one call that he was armed for. */
export interface FaultProxy {
  readonly url: URL
  /** Mistreats the next call of this operation. */
  arm(operation: OperationName, mistreatment: Mistreatment): void
  /** Returns the number of requests that are neither answered nor given up. */
  underway(): number
  /** Returns the number of connections of clients. */
  open(): number
  /** Reads what the proxy left unread, because only a reader notices that the other side has hung up. */
  letGo(): void
  close(): Promise<void>
}

const flat = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

const wholeOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Passes a request on over a connection of its own. */
const passOn = async (upstreamPort: number, message: IncomingMessage, body: Buffer): Promise<OssAnswer> => {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { connection: _, ...headers } = message.headers
    const options = { host: '127.0.0.1', port: upstreamPort, path: message.url, method: message.method, headers }
    const upstream = httpRequest({ ...options, agent: false }, resolve)
    upstream.on('error', reject)
    upstream.end(body)
  })
  const { connection: _, 'transfer-encoding': __, ...headers } = flat(answer.headers)
  return { status: answer.statusCode ?? 0, headers, body: (await wholeOf(answer)).toString('latin1') }
}

const proxiedCall = (upstreamPort: number, request: IncomingMessage, response: ServerResponse): ProxiedCall => {
  return {
    request,
    response,
    async receiveHalf() {
      const half = Number(request.headers['content-length'] ?? 0) / 2
      let size = 0
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        size += (chunk as Buffer).length
        if (size >= half) return
      }
    },
    receiveAll: () => wholeOf(request),
    forward: async (body) => passOn(upstreamPort, request, body ?? (await wholeOf(request))),
    answer({ status, headers, body }) {
      const length =
        request.method === 'HEAD' || status === 204 ? {} : { 'content-length': Buffer.byteLength(body, 'latin1') }
      response.writeHead(status, { ...headers, ...length })
      response.end(body, 'latin1')
    },
  }
}

export const startFaultProxy = async (upstreamPort: number): Promise<FaultProxy> => {
  let armed: { readonly operation: OperationName; readonly mistreatment: Mistreatment } | null = null
  const underway = new Set<IncomingMessage>()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    underway.add(request)
    response.once('close', () => underway.delete(request))
    const call = proxiedCall(upstreamPort, request, response)
    const operation = nameOperation(
      request.method ?? '',
      readAddress(request.headers.host ?? '', request.url ?? '', { cnames: {}, isBucket: () => false }),
    )
    if (armed?.operation !== operation) return call.answer(await call.forward())
    const { mistreatment } = armed
    armed = null
    await mistreatment(call)
  }

  const http = createServer((request, response) => {
    // A client that gives up in the middle of its body is what the tests are about.
    handle(request, response).catch(() => request.socket.destroy())
  })
  const server = await startTcpServer((socket) => void http.emit('connection', socket))
  return {
    url: server.url,
    arm(operation, mistreatment) {
      armed = { operation, mistreatment }
    },
    underway: () => underway.size,
    open: server.open,
    letGo() {
      for (const request of underway) request.resume()
    },
    close: server.close,
  }
}
