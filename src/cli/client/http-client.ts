import type { Dispatcher } from 'undici'
import type { FieldError } from '../../core/app-error.js'
import type { Connection } from './connection.js'
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

const parseProblem = (status: number, headers: Dispatcher.ResponseData['headers'], body: string): Problem => {
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

/** Node.js looks at the stack of an error that ends a connection. To work out a stack takes longer than a request, so there is none. */
const commandIsOver = (): Error => Object.assign(new Error('The command is over'), { stack: '' })

interface OpenAgent {
  request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>
  destroy(): Promise<void>
}

/** Talks to one daemon over TCP, TLS or a unix socket. It repeats no request. */
export const createHttpClient = (connection: Connection): HttpClient => {
  const { address, origin, basePath, socketPath, token } = connection
  let agent: Promise<OpenAgent> | null = null
  /**
   * The agent is loaded by the first request, because the daemon starts through this program too and makes no requests.
   */
  const openAgent = async (): Promise<OpenAgent> => {
    const { default: UndiciAgent } = await import('undici/lib/dispatcher/agent.js')
    const { default: request } = await import('undici/lib/api/api-request.js')
    const agent = new UndiciAgent({
      connect: { timeout: 10_000, ...(socketPath === null ? {} : { socketPath }) },
      keepAliveTimeout: 4_000,
    })
    return { request: request.bind(agent), destroy: () => agent.destroy(commandIsOver()) }
  }

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
    bodyTimeout: number,
  ): Promise<Dispatcher.ResponseData> => {
    const query = new URLSearchParams(options.query ?? []).toString()
    agent ??= openAgent()
    const answer = await (await agent).request({
      origin,
      path: `${basePath}${path}${query === '' ? '' : `?${query}`}`,
      method,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal,
      headersTimeout: options.timeoutMs ?? answerTimeoutMs,
      bodyTimeout,
    })
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
    throw new ProblemError(parseProblem(answer.statusCode, answer.headers, await answer.body.text()))
  }

  async function* read(body: Dispatcher.ResponseData['body'], signal: AbortSignal): AsyncGenerator<string> {
    const decoder = new TextDecoder()
    const chunks = body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await guard(signal, () => chunks.next())
        if (next.done) return
        yield decoder.decode(next.value, { stream: true })
      }
    } finally {
      body.destroy()
    }
  }

  return {
    address,
    request: (method, path, options) =>
      guard(options.signal, async () => {
        const { statusCode, body } = await send(method, path, options, answerTimeoutMs)
        const answer = await body.text()
        if (statusCode === 204) return undefined
        return JSON.parse(answer)
      }),
    stream: async (path, options) => {
      const { body } = await guard(options.signal, () =>
        send(
          'GET',
          path,
          { ...options, headers: { ...options.headers, accept: 'text/event-stream' } },
          silenceTimeoutMs,
        ),
      )
      // An abort between two reads surfaces as an error event. The reader reports it, and this listener keeps it from
      // being unhandled.
      body.on('error', () => {})
      return read(body, options.signal)
    },
    close: async () => (await agent)?.destroy(),
  }
}
