import type { Socket } from 'node:net'

export interface SinkRequest {
  readonly method: string
  /** As it was sent, percent signs and all. */
  readonly path: string
  readonly query: URLSearchParams
  /** Of the body, in bytes. */
  readonly size: number
}

export interface SinkAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One request while its body comes in. */
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

/**
 * Just enough of HTTP/1.1 to take uploads as fast as Node can read a socket: bodies with a Content-Length are counted and
 * dropped, everything else is refused.
 */
export const serveConnection = (socket: Socket, begin: (request: SinkRequest) => SinkExchange): void => {
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
  socket.on('data', (chunk) => {
    let rest: Buffer = chunk
    while (rest.length > 0) {
      if (exchange !== null) {
        const taken = Math.min(left, rest.length)
        left -= taken
        exchange.received(taken)
        rest = rest.subarray(taken)
        close()
        continue
      }
      pending = pending.length === 0 ? rest : Buffer.concat([pending, rest])
      const end = pending.indexOf(headEnd)
      if (end === -1) return
      const head = pending.toString('latin1', 0, end)
      rest = pending.subarray(end + headEnd.length)
      pending = Buffer.alloc(0)
      if (headerIn(head, 'transfer-encoding') !== null) {
        socket.end(render({ status: 411, headers: { connection: 'close' } }))
        return
      }
      open(head)
      close()
    }
  })
}
