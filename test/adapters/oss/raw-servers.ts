import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** This is a local server that behaves as a test says, knows its open connections and closes them all at the end. */
export interface LocalServer {
  readonly port: number
  readonly url: URL
  /** Returns the number of connections that are open now. */
  open(): number
  /** Returns the number of connections accepted so far. */
  accepted(): number
  close(): Promise<void>
}

const watchConnections = async (server: Server): Promise<LocalServer> => {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket) => {
    accepted++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: new URL(`http://127.0.0.1:${port}`),
    open: () => sockets.size,
    accepted: () => accepted,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Speaks TCP, for everything that HTTP servers are too polite to do. */
export const startTcpServer = (onConnection: (socket: Socket) => void): Promise<LocalServer> =>
  watchConnections(createServer({ allowHalfOpen: true }, onConnection))

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** Reads each whole request, records it and lets `answer` reply. */
export const startHttpServer = async (
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<LocalServer & { readonly seen: SeenRequest[] }> => {
  const seen: SeenRequest[] = []
  const server = createHttpServer(async (message, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const request = {
      method: message.method ?? '',
      path: message.url ?? '',
      headers: message.headers,
      rawHeaders: message.rawHeaders,
      body: Buffer.concat(chunks),
    }
    seen.push(request)
    answer(request, response)
  })
  return { ...(await watchConnections(server)), seen }
}

/** Waits for a condition, not for time. It fails after `timeoutMs`. */
export const until = async (what: string, holds: () => boolean, timeoutMs = 5_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Never came true: ${what}`)
    await sleep(5)
  }
}

/** Returns the raw text of an HTTP answer. */
export const httpText = (status: string, headers: Readonly<Record<string, string | number>>, body = ''): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n${body}`

/** Returns OSS's error document. */
export const errorXml = (code: string, message = 'because', extra = ''): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
  `<RequestId>REQ-${code}</RequestId><HostId>127.0.0.1</HostId>${extra}</Error>`
