import type { IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'

/** The head of an answer, and its body as it comes. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Yields what came. Throws an error with one of `timeoutCodes`, or the network's, or the signal's reason. */
  chunks(): AsyncGenerator<Buffer>
}

export interface Exchange {
  readonly method: string
  /** It begins with `/` and holds the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly signal: AbortSignal
  /** The head of the answer may take so long, once there is a connection. */
  readonly answerMs: number
  /** The next bytes of the body may take so long. */
  readonly silenceMs: number
}

export interface Exchanger {
  send(exchange: Exchange): Promise<HttpAnswer>
  close(): Promise<void>
}

/** These codes have the errors of what took too long. */
export const timeoutCodes = { connect: 'ETIMEDOUT', answer: 'ERR_NO_ANSWER', silence: 'ERR_SILENCE' } as const

const connectMs = 10_000
/** A connection that idles so long is closed, because the daemon may be about to close it. */
const idleMs = 4_000

const tooLong = (code: string): Error => Object.assign(new Error('It took too long'), { code })

/**
 * Sends requests to one origin by Node's own client, whose parser is a part of Node. The parser of undici is compiled anew
 * by each process, which takes longer than most commands. It repeats no request, and follows no redirect.
 */
export const createExchanger = (origin: string, socketPath: string | null): Exchanger => {
  const url = new URL(origin)
  const isTls = url.protocol === 'https:'

  const open = () => {
    // The first request loads the client, because TLS takes a while to load. Both have the same face.
    const client = process.getBuiltinModule(isTls ? 'node:https' : 'node:http')
    const { Agent, request } = client as Pick<typeof import('node:http'), 'Agent' | 'request'>
    return { agent: new Agent({ keepAlive: true, timeout: idleMs }), request }
  }
  let opened: ReturnType<typeof open> | null = null

  const answerOf = (answer: IncomingMessage, silenceMs: number): HttpAnswer => ({
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    async *chunks() {
      const incoming = answer[Symbol.asyncIterator]()
      try {
        for (;;) {
          const timer = setTimeout(() => answer.destroy(tooLong(timeoutCodes.silence)), silenceMs)
          const next = await incoming.next().finally(() => clearTimeout(timer))
          if (next.done) return
          yield next.value
        }
      } finally {
        answer.destroy()
      }
    },
  })

  return {
    async send({ method, path, headers, body, signal, answerMs, silenceMs }) {
      opened ??= open()
      const { agent, request } = opened
      signal.throwIfAborted()
      const options: RequestOptions = { agent, method, path, headers, ...(socketPath === null ? {} : { socketPath }) }
      return new Promise((resolve, reject) => {
        const sent = request(url, options)
        let answer: IncomingMessage | null = null
        const end = (reason: Error): void => void (answer ?? sent).destroy(reason)
        const onAbort = (): void => end(signal.reason)
        let timer = setTimeout(() => end(tooLong(timeoutCodes.connect)), connectMs)
        const connected = (): void => {
          clearTimeout(timer)
          timer = setTimeout(() => end(tooLong(timeoutCodes.answer)), answerMs)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        sent.once('close', () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
        })
        sent.once('socket', (socket) => {
          if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected)
          else connected()
        })
        sent.once('response', (head) => {
          clearTimeout(timer)
          answer = head
          // What breaks between two reads is told to the next one.
          answer.on('error', () => {})
          resolve(answerOf(answer, silenceMs))
        })
        sent.on('error', reject)
        sent.end(body ?? undefined)
      })
    },
    async close() {
      opened?.agent.destroy()
    },
  }
}
