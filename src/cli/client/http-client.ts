import type { IncomingHttpHeaders } from 'node:http'
import type { FieldError } from '../../core/app-error.js'
import type { Connection } from './connection.js'
import { createExchanger, type HttpAnswer } from './http-exchange.js'
import { networkReason } from './network-reason.js'

/**
 * The daemon could not be asked, because it does not listen, the connection broke, or no answer came. It may be back
 * soon.
 */
export class DaemonUnreachable extends Error {
  override readonly name = 'DaemonUnreachable'
  readonly address: string

  constructor(address: string, reason: string, cause?: unknown) {
    super(reason, { cause })
    this.address = address
  }
}

/**
 * This is what a problem+json answer says. For other error answers the fields are made up from the status. The texts
 * are not escaped yet.
 */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string | null
  readonly errors: readonly FieldError[]
  readonly retryAfterMs: number | null
}

/** The daemon answered with a refusal. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.problem = problem
  }
}

export interface RequestOptions {
  readonly query?: readonly [string, string][]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal: AbortSignal
  /** A daemon that takes longer to answer counts as unreachable. */
  readonly timeoutMs?: number
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface HttpClient {
  readonly address: string
  /**
   * Returns the parsed JSON answer (undefined for 204). Throws ProblemError, DaemonUnreachable, or the signal's reason.
   */
  request(method: Method, path: string, options: RequestOptions): Promise<unknown>
  /**
   * Opens an endless text answer. Its chunks end when the daemon ends it. They throw DaemonUnreachable when the
   * connection breaks or falls silent, and the signal's reason when aborted.
   */
  stream(path: string, options: RequestOptions): Promise<AsyncIterable<string>>
  close(): Promise<void>
}

const answerTimeoutMs = 30_000
/** Three of the daemon's keep-alive comments may be missing before a silent stream counts as broken. */
const silenceTimeoutMs = 50_000

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

const fieldErrors = (value: unknown): readonly FieldError[] =>
  Array.isArray(value)
    ? value.map((entry) => ({ path: text(entry?.path) ?? '', message: text(entry?.message) ?? '' }))
    : []

const parseProblem = (status: number, headers: IncomingHttpHeaders, body: string): Problem => {
  const retryAfter = Number(headers['retry-after'])
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : null
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json === 'object' && json !== null && 'title' in json) {
      const { code, title, detail, errors } = json as Record<string, unknown>
      return {
        status,
        code: text(code) ?? 'unknown',
        title: text(title) ?? `HTTP ${status}`,
        detail: text(detail),
        errors: fieldErrors(errors),
        retryAfterMs,
      }
    }
  } catch {
    // The answer is not JSON, so it does not come from the daemon itself but from a proxy, or from another server on
    // that port.
  }
  const who =
    status === 502 || status === 503 || status === 504
      ? 'a proxy says that the daemon behind it is away'
      : 'is this address really a Longshore daemon?'
  const detail = `HTTP ${status}, but not from a daemon: ${who}`
  return { status, code: 'unknown', title: `HTTP ${status}`, detail, errors: [], retryAfterMs }
}

const textOf = async ({ chunks }: HttpAnswer): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of chunks()) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

/** Talks to one daemon over TCP, TLS or a unix socket. It repeats no request. */
export const createHttpClient = (connection: Connection): HttpClient => {
  const { address, origin, basePath, socketPath, token } = connection
  const exchanger = createExchanger(origin, socketPath)

  /** Turns what the network throws into DaemonUnreachable, and an abort into its reason. */
  const guard = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      signal.throwIfAborted()
      return await work()
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof ProblemError) throw error
      throw new DaemonUnreachable(address, networkReason(error), error)
    }
  }

  const send = async (
    method: Method,
    path: string,
    options: RequestOptions,
    silenceMs: number,
  ): Promise<HttpAnswer> => {
    const query = new URLSearchParams(options.query ?? []).toString()
    const answer = await exchanger.send({
      method,
      path: `${basePath}${path}${query === '' ? '' : `?${query}`}`,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal,
      answerMs: options.timeoutMs ?? answerTimeoutMs,
      silenceMs,
    })
    if (answer.status >= 200 && answer.status < 300) return answer
    throw new ProblemError(parseProblem(answer.status, answer.headers, await textOf(answer)))
  }

  async function* read(answer: HttpAnswer, signal: AbortSignal): AsyncGenerator<string> {
    const decoder = new TextDecoder()
    const chunks = answer.chunks()
    try {
      for (;;) {
        const next = await guard(signal, () => chunks.next())
        if (next.done) return
        yield decoder.decode(next.value, { stream: true })
      }
    } finally {
      await chunks.return(undefined)
    }
  }

  return {
    address,
    request: (method, path, options) =>
      guard(options.signal, async () => {
        const answer = await send(method, path, options, answerTimeoutMs)
        const text = await textOf(answer)
        return answer.status === 204 ? undefined : JSON.parse(text)
      }),
    stream: async (path, options) => {
      const headers = { ...options.headers, accept: 'text/event-stream' }
      const answer = await guard(options.signal, () => send('GET', path, { ...options, headers }, silenceTimeoutMs))
      return read(answer, options.signal)
    },
    close: exchanger.close,
  }
}
