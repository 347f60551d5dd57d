import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

export interface ProxiedRequest {
  /** This is CONNECT, or the method of a request that was handed over whole. */
  readonly method: string
  /** This is the target as the client wrote it: a host and a port, or a whole URL. */
  readonly target: string
  readonly status: number
}

export interface HttpProxy {
  readonly port: number
  /** These are all requests that came, in order. A tunnel counts by its CONNECT alone. */
  readonly ledger: ProxiedRequest[]
  /** These are the names by which clients asked for the proxy in TLS. */
  readonly serverNames: Set<string | false>
  /** Returns the number of connections of clients that are open now. */
  open(): number
  close(): Promise<void>
}

export interface HttpProxyOptions {
  /** This is the name that clients must give. */
  readonly user?: string
  readonly password?: string
  /** Makes the proxy speak TLS with its clients. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** The proxy answers everything with this and passes nothing on. With `silence` it answers nothing at all. */
  readonly refusal?: () => number | 'silence' | null
  /**
   * The proxy dials this port of loopback whatever host is asked for, so that names that no resolver knows lead
   * somewhere.
   */
  readonly dialPort?: number
}

/** Starts a forward proxy on loopback that passes requests on and keeps a ledger of them. */
export const startHttpProxy = async (options: HttpProxyOptions = {}): Promise<HttpProxy> => {
  const { user, password = '', tls, refusal = () => null, dialPort } = options
  const expected = user === undefined ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const ledger: ProxiedRequest[] = []
  const serverNames = new Set<string | false>()
  const sockets = new Set<Socket>()
  const outgoing = new Set<Socket>()

  const judge = (message: IncomingMessage): number | 'silence' | null =>
    expected !== null && message.headers['proxy-authorization'] !== expected ? 407 : refusal()

  const note = (message: IncomingMessage, status: number): void =>
    void ledger.push({ method: message.method ?? '', target: message.url ?? '', status })

  const refuse = (message: IncomingMessage, verdict: number | 'silence', answer: (status: number) => void): void => {
    note(message, verdict === 'silence' ? 0 : verdict)
    if (verdict !== 'silence') answer(verdict)
  }

  const forward = (message: IncomingMessage, response: ServerResponse): void => {
    const verdict = judge(message)
    if (verdict !== null) {
      // The answer does not wait for the body, as is usual for proxies.
      refuse(message, verdict, (status) => response.writeHead(status, { connection: 'close' }).end())
      return
    }
    const url = new URL(message.url ?? '')
    const { 'proxy-authorization': _mine, ...headers } = message.headers
    const passed = request(
      {
        hostname: '127.0.0.1',
        port: dialPort ?? url.port,
        method: message.method,
        path: url.pathname + url.search,
        headers: { ...headers, host: url.host },
        setHost: false,
      },
      (answer) => {
        note(message, answer.statusCode ?? 0)
        response.writeHead(answer.statusCode ?? 0, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    passed.on('error', () => response.destroy())
    message.pipe(passed)
  }

  const tunnel = (message: IncomingMessage, client: Socket): void => {
    // The body is read even when the proxy never answers, so that the proxy notices when a client goes.
    client
      .on('error', () => {})
      .on('end', () => client.destroy())
      .resume()
    const verdict = judge(message)
    if (verdict !== null) {
      refuse(message, verdict, (status) => client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`))
      return
    }
    const { port } = new URL(`http://${message.url}`)
    const server = connect(dialPort ?? Number(port), '127.0.0.1', () => {
      note(message, 200)
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    outgoing.add(server)
    server.on('error', () => client.destroy()).on('close', () => outgoing.delete(server))
    client.on('close', () => server.destroy())
  }

  const server = tls === undefined ? createServer(forward) : createHttpsServer(tls, forward)
  server.on('connect', tunnel)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', ({ servername }: TLSSocket) => serverNames.add(servername ?? false))
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    ledger,
    serverNames,
    open: () => sockets.size,
    close: async () => {
      for (const socket of [...sockets, ...outgoing]) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
