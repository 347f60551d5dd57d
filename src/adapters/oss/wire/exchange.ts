import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import { performance } from 'node:perf_hooks'
import { TLSSocket } from 'node:tls'
import type { ProxyAddress } from './network.js'
import type { ExchangeTimeouts } from './timeouts.js'
import { ProxyError } from './tunnel.js'

/**
 * This is one signed HTTP request, as plain data. The path goes out as it is given, because what was signed must be
 * what is sent.
 */
export interface ExchangeRequest {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  readonly path: string
  readonly method: string
  /** The names are in lower case. `host` is among them, and `content-length` too when there is a body. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeouts: ExchangeTimeouts
  /** This is a proxy that gets the whole request and passes it on. The agent must dial the proxy. */
  readonly forwarder?: ProxyAddress | null
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The body holds at most `maxAnswerBytes` of the answer. */
  readonly body: string
  /** It is false when the body was longer than we read, or when the connection ended before the body did. */
  readonly whole: boolean
  /**
   * It is true when the answer came before all of our body was on its way, so that it cannot be about all of the body.
   */
  readonly early: boolean
  /** It is true when a proxy passed the answer on, or gave the answer itself. */
  readonly forwarded: boolean
}

/** In `connecting` nothing can have reached the other side. From `sending` on, something may have. */
export type ExchangePhase = 'connecting' | 'sending' | 'waiting' | 'answering'

/**
 * This describes the proxy at which a request ended. `status` belongs to its refusal to connect us, and is null when it
 * gave none.
 */
export interface ProxyTrouble {
  readonly status: number | null
}

/**
 * A request got no whole answer. `errno` is a system, TLS or parser code, or tells which time was over:
 * `CONNECT_TIMEOUT`, `TLS_TIMEOUT`, `IDLE_TIMEOUT`, `ANSWER_TIMEOUT`, `BUDGET_TIMEOUT`.
 */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly errno: string
  readonly phase: ExchangePhase
  /** This is what had arrived of an answer. */
  readonly answer: Answer | null
  /** It is null when the request ended at the endpoint, or on the way there. */
  readonly proxy: ProxyTrouble | null

  constructor(errno: string, phase: ExchangePhase, answer: Answer | null, proxy: ProxyTrouble | null = null) {
    super(`${errno} while ${phase}`)
    this.errno = errno
    this.phase = phase
    this.answer = answer
    this.proxy = proxy
  }
}

/**
 * Hands bytes to the socket, and resolves when the bytes may be overwritten. False means stop, because the rest is no
 * longer wanted. `last` ends the body. Make one call at a time.
 */
export type WriteBody = (chunk: Uint8Array, last: boolean) => Promise<boolean>

/**
 * Waits for something of our own before the next write. The request stands still because of us, so none of its time
 * limits runs meanwhile. The signal aborts when the rest of the body is no longer wanted.
 */
export type HoldBody = (wait: (signal: AbortSignal) => Promise<void>) => Promise<void>

const maxAnswerBytes = 1024 * 1024

/**
 * OSS's HEAD shows up to 8 KiB of metadata beside long standard headers, which is more than the 16 KiB that Node
 * allows.
 */
const maxHeaderBytes = 128 * 1024

const errnoOf = (error: unknown): string => {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN'
  if ('code' in error && typeof error.code === 'string') return error.code
  // A host with several addresses fails with one error per address.
  if (error instanceof AggregateError) return errnoOf(error.errors[0])
  return 'UNKNOWN'
}

const flatten = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )

/**
 * Opens the request. Its headers are set one by one and not among the options, because options are kept with the
 * connection, and Node prints them under NODE_DEBUG, which cannot be unset once the process runs. So the headers are
 * checked before anything is opened.
 */
const open = (agent: Agent, request: ExchangeRequest): ClientRequest => {
  const { hostname, port, method, forwarder = null } = request
  const send = request.protocol === 'https:' ? httpsRequest : httpRequest
  const path = forwarder === null ? request.path : `http://${request.headers['host']}${request.path}`
  const headers = Object.entries(request.headers)
  if (forwarder !== null && forwarder.authorization !== null) {
    headers.push(['proxy-authorization', forwarder.authorization])
  }
  try {
    for (const [name, value] of headers) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    const req = send({ agent, hostname, port, path, method, setHost: false, maxHeaderSize: maxHeaderBytes })
    for (const [name, value] of headers) req.setHeader(name, value)
    return req
  } catch (error) {
    throw new ExchangeError(errnoOf(error), 'connecting', null)
  }
}

/**
 * Sends one request and reads its answer, whatever its status is. It settles only when neither the request nor
 * `sendBody` is doing anything any more, and leaves its connection either reusable or destroyed. An answer that comes
 * before the body is sent ends the sending. Throws ExchangeError, what `sendBody` threw, or the signal's reason.
 */
export const exchange = async (
  agent: Agent,
  request: ExchangeRequest,
  sendBody: (write: WriteBody, hold: HoldBody) => Promise<void>,
  signal: AbortSignal,
): Promise<Answer> => {
  signal.throwIfAborted()
  const { timeouts } = request
  const req = open(agent, request)

  let phase: ExchangePhase = 'connecting'
  let sendingSince = 0
  let connected = false
  let settled = false
  let stopped = false
  let bodyIssued = false
  let releaseWrite: (() => void) | null = null
  let heldBack: AbortController | null = null
  let heldSince = 0
  let heldMs = 0
  let answerSoFar: ((whole: boolean) => Answer) | null = null
  let settle: { resolve(answer: Answer): void; reject(error: unknown): void } | null = null

  const stopSending = (): void => {
    stopped = true
    releaseWrite?.()
    heldBack?.abort()
  }
  const fail = (error: unknown): void => {
    if (settled) return
    settled = true
    stopSending()
    settle?.reject(error)
    req.destroy()
  }
  const proxyTrouble = (error: unknown): ProxyTrouble | null => {
    if (error instanceof ProxyError) return { status: error.status }
    return phase === 'connecting' && (request.forwarder ?? null) !== null ? { status: null } : null
  }
  /** Makes no error for a request that has settled: 'close' comes after every success, and a stack costs 10 us. */
  const failWith = (errno: string, error?: unknown): void => {
    if (!settled) fail(new ExchangeError(errno, phase, answerSoFar?.(false) ?? null, proxyTrouble(error)))
  }

  const answered = new Promise<Answer>((resolve, reject) => {
    settle = { resolve, reject }
  })
  const startedAt = performance.now()
  const spendBudget = (): void => {
    const now = performance.now()
    const held = heldMs + (heldBack === null ? 0 : now - heldSince)
    const leftMs = timeouts.budgetMs + held - (now - startedAt)
    if (leftMs < 1) failWith('BUDGET_TIMEOUT')
    else budget = setTimeout(spendBudget, leftMs)
  }
  let budget = setTimeout(spendBudget, timeouts.budgetMs)
  let watchdog = setTimeout(() => failWith('IDLE_TIMEOUT'), timeouts.idleMs)
  const watch = (errno: string, ms: number): void => {
    clearTimeout(watchdog)
    if (!settled) watchdog = setTimeout(() => failWith(errno), ms)
  }
  const onAbort = (): void => fail(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })

  const closed = new Promise<void>((resolve) => req.once('close', resolve))
  req.on('socket', (socket) => {
    connected = true
    const ready = (): void => {
      phase = 'sending'
      sendingSince = performance.now()
      if (heldBack === null) watch('IDLE_TIMEOUT', timeouts.idleMs)
      else clearTimeout(watchdog)
    }
    // The socket was used before, or was made ready through a proxy.
    if (!socket.connecting) return ready()
    const connectingSince = performance.now()
    watch('CONNECT_TIMEOUT', timeouts.connectMs)
    if (!(socket instanceof TLSSocket)) return void socket.once('connect', ready)
    socket.once('connect', () => watch('TLS_TIMEOUT', timeouts.connectMs + connectingSince - performance.now()))
    socket.once('secureConnect', ready)
  })
  req.on('finish', () => {
    if (phase !== 'sending') return
    phase = 'waiting'
    // The kernel still holds a part of the body, and drains it unseen at the rate at which it took the rest.
    watch('ANSWER_TIMEOUT', timeouts.answerMs + Math.max(0, performance.now() - sendingSince - heldMs))
  })
  req.on('error', (error) => failWith(errnoOf(error), error))
  req.on('close', () => failWith('ECONNRESET'))
  req.on('response', (response) => {
    phase = 'answering'
    watch('IDLE_TIMEOUT', timeouts.idleMs)
    const early = !bodyIssued
    stopSending()
    const chunks: Buffer[] = []
    let size = 0
    const headers = flatten(response)
    answerSoFar = (whole) => ({
      status: response.statusCode ?? 0,
      headers,
      body: Buffer.concat(chunks).toString('utf8'),
      whole,
      early,
      forwarded: (request.forwarder ?? null) !== null,
    })
    const finish = (whole: boolean): void => {
      const answer = answerSoFar?.(whole)
      if (settled || answer === undefined) return
      settled = true
      settle?.resolve(answer)
    }
    response.on('data', (chunk: Buffer) => {
      watch('IDLE_TIMEOUT', timeouts.idleMs)
      chunks.push(chunk.subarray(0, maxAnswerBytes - size))
      size += chunk.length
      if (size <= maxAnswerBytes) return
      finish(false)
      req.destroy()
    })
    response.on('end', () => finish(response.complete))
    response.on('error', (error) => failWith(errnoOf(error)))
  })

  const write: WriteBody = async (chunk, last) => {
    if (stopped) return false
    await new Promise<void>((resolve) => {
      releaseWrite = resolve
      req.write(chunk, () => resolve())
      if (last) {
        bodyIssued = true
        req.end()
      }
    })
    releaseWrite = null
    if (!stopped && phase === 'sending') watch('IDLE_TIMEOUT', timeouts.idleMs)
    return !stopped
  }
  const hold: HoldBody = async (wait) => {
    if (stopped) return
    heldBack = new AbortController()
    heldSince = performance.now()
    if (phase === 'sending') clearTimeout(watchdog)
    try {
      await wait(heldBack.signal)
    } finally {
      heldBack = null
      heldMs += performance.now() - heldSince
      if (!stopped && phase === 'sending') watch('IDLE_TIMEOUT', timeouts.idleMs)
    }
  }
  const sending = (async () => {
    try {
      await sendBody(write, hold)
      if (!bodyIssued && !stopped) {
        bodyIssued = true
        req.end()
      }
    } catch (error) {
      fail(error)
    }
  })()

  try {
    return await answered
  } finally {
    clearTimeout(watchdog)
    clearTimeout(budget)
    signal.removeEventListener('abort', onAbort)
    await sending
    // An answer may come one turn of the loop before the callback of our own last write. Such a connection is healthy.
    if (!req.writableFinished) await new Promise((resolve) => setImmediate(resolve))
    if (!req.writableFinished) req.destroy()
    // A request that still waits for a connection, in the agent's queue or on the way through a proxy, would close only
    // when it gets one.
    if (connected) await closed
  }
}
