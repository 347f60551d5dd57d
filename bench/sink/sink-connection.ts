import { Socket } from 'node:net'

export interface SinkRequest {
  readonly method: string
  /** This is the path as it was sent, with its percent signs. */
  readonly path: string
  readonly query: URLSearchParams
  /** This is the size of the body in bytes. */
  readonly size: number
}

export interface SinkAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** This is one request while its body comes in. */
export interface SinkExchange {
  received(bytes: number): void
  /** The body is whole. `reply` is called once, now or later. */
  answer(reply: (answer: SinkAnswer) => void): void
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  404: 'Not Found',
  411: 'Length Required',
}
const headEnd = Buffer.from('\r\n\r\n')

const render = ({ status, headers = {}, body = '' }: SinkAnswer): string => {
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? 'Unknown'}`]
  for (const [name, value] of Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers })) {
    lines.push(`${name}: ${value}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

const headerIn = (head: string, name: string): string | null =>
  new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? null

type Begin = (request: SinkRequest) => SinkExchange

/** Returns a function that takes what a connection reads. It no longer needs the bytes when it returns. */
const requestReader = (socket: Socket, begin: Begin): ((chunk: Buffer) => void) => {
  let pending: Buffer = Buffer.alloc(0)
  let exchange: SinkExchange | null = null
  let left = 0

  const open = (head: string): void => {
    const [method = '', target = '/'] = head.split(' ', 2)
    const mark = target.indexOf('?')
    left = Number(headerIn(head, 'content-length') ?? 0)
    exchange = begin({
      method,
      path: mark === -1 ? target : target.slice(0, mark),
      query: new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1)),
      size: left,
    })
    if (headerIn(head, 'expect') !== null) socket.write('HTTP/1.1 100 Continue\r\n\r\n')
  }
  const close = (): void => {
    if (exchange === null || left > 0) return
    exchange.answer((answer) => {
      if (!socket.destroyed) socket.write(render(answer))
    })
    exchange = null
  }

  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  return (chunk) => {
    let rest = chunk
    while (rest.length > 0) {
      if (exchange !== null) {
        const taken = Math.min(left, rest.length)
        left -= taken
        exchange.received(taken)
        rest = rest.subarray(taken)
        close()
        continue
      }
      const whole = pending.length === 0 ? rest : Buffer.concat([pending, rest])
      const end = whole.indexOf(headEnd)
      if (end === -1) {
        pending = Buffer.from(whole)
        return
      }
      const head = whole.toString('latin1', 0, end)
      rest = whole.subarray(end + headEnd.length)
      pending = Buffer.alloc(0)
      if (headerIn(head, 'transfer-encoding') !== null) {
        socket.end(render({ status: 411, headers: { connection: 'close' } }))
        return
      }
      open(head)
      close()
    }
  }
}

/**
 * Speaks just enough of HTTP/1.1 to take uploads as fast as Node can read a socket. Bodies with a Content-Length are
 * counted and dropped, and everything else is refused.
 */
export const serveConnection = (socket: Socket, begin: Begin): void => {
  socket.on('data', requestReader(socket, begin))
}

/** Every connection reads into this buffer, one after the other, because nothing of it is kept. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024)

/**
 * Does the same for a connection of a server with `pauseOnConnect`, at a third of the processor time. Node reads into
 * one buffer instead of a new one of 64 KiB each time. Node offers that to clients only, so the connection is taken
 * over as a client's.
 */
export const serveIntoOneBuffer = (accepted: Socket, begin: Begin): Socket => {
  const holder = accepted as unknown as { _handle: unknown }
  let take = (_chunk: Buffer): void => {}
  const onread = {
    buffer: readBuffer,
    callback(bytes: number): boolean {
      take(readBuffer.subarray(0, bytes))
      return true
    },
  }
  const socket = new Socket({ handle: holder._handle, onread } as object)
  holder._handle = null
  take = requestReader(socket, begin)
  // The server counts the connection that it accepted.
  socket.once('close', () => accepted.destroy())
  socket.resume()
  socket.read(0)
  return socket
}
