import type { Agent } from 'node:http'
import { type Answer, type ExchangeRequest, exchange } from '../wire/exchange.js'
import type { Route } from '../wire/network.js'
import type { ExchangeTimeouts } from '../wire/timeouts.js'

/**
 * One control call hands this context to its own transport through ali-oss's `ctx`, and gets its outcome back in the
 * same way. ali-oss rewrites every error that it sees (it loses the errno, and keeps whole bodies and URLs), so the
 * outcome stands here.
 */
export interface ControlContext {
  readonly route: Route
  readonly timeouts: ExchangeTimeouts
  readonly signal: AbortSignal
  outcome: { readonly answer: Answer } | { readonly error: unknown } | null
}

/** ali-oss fills this part of urllib's arguments for a control call. */
export interface UrllibParams {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly content?: string | undefined
  readonly ctx: ControlContext
}

export interface UrllibResult {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly data: string
  readonly res: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
}

/** ali-oss takes this as its `urllib` option. */
export interface Urllib {
  request(url: string, params: UrllibParams): Promise<UrllibResult>
}

/** Returns the path and the query exactly as ali-oss wrote them. Parsing the URL would normalise what was signed. */
export const pathOf = (url: string): string => url.slice(url.indexOf('/', url.indexOf('//') + 2))

const headersFor = (params: UrllibParams, host: string, body: Buffer): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(params.headers)) headers[name.toLowerCase()] = value
  headers['host'] = host
  if (body.length > 0 || params.method === 'POST') headers['content-length'] = String(body.length)
  return headers
}

/**
 * Creates ali-oss's transport for control calls, with our agent, our timeouts, our abort signal and the route that we
 * chose.
 */
export const createTransport = (agent: Agent): Urllib => ({
  async request(url, params) {
    const { ctx } = params
    const body = Buffer.from(params.content ?? '')
    const { host, ...route } = ctx.route
    const request: ExchangeRequest = {
      ...route,
      path: pathOf(url),
      method: params.method,
      headers: headersFor(params, host, body),
      timeouts: ctx.timeouts,
    }
    try {
      const answer = await exchange(
        agent,
        request,
        async (write) => {
          if (body.length > 0) await write(body, true)
        },
        ctx.signal,
      )
      ctx.outcome = { answer }
      const { status, headers, body: data } = answer
      return { status, headers, data, res: { status, headers } }
    } catch (error) {
      ctx.outcome = { error }
      throw Object.assign(new Error('no answer'), { name: 'TransportError', status: -1 })
    }
  },
})
