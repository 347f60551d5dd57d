import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { AppError } from '../../core/app-error.js'
import { anybody, type Caller, includesScope, type Scope } from '../../core/caller.js'
import type { Token, Tokens } from '../../ports/tokens.js'
import type { Sessions } from './sessions.js'

/** The scope that a route asks for. `none` serves anybody. */
export type RouteScope = Scope | 'none'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route declares it, or the app refuses to start. */
    scope: RouteScope
    /** This route is a page without data, to which links of other sites may lead. */
    linkable?: boolean
  }
  interface FastifyInstance {
    /** Returns every route with the scope that it asks for, once the app is ready. */
    routeScopes(): readonly { readonly method: string; readonly url: string; readonly scope: RouteScope }[]
  }
  interface FastifyRequest {
    /** The caller who asks. Use cases that change something take it. Routes of scope `none` get `anybody`. */
    caller: Caller
  }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Returns the token with this hash, or null. Every known token is compared, each in constant time. */
const tokenOfHash = (tokens: Tokens, hash: Buffer): Token | null =>
  tokens.current().reduce<Token | null>((found, token) => (timingSafeEqual(hash, token.hash) ? token : found), null)

const bearer = /^Bearer +([^\s]+) *$/i

/**
 * Throws unless the browser says that the page is ours. A browser sends the cookie whoever wrote the page. So a request that
 * changes something needs an Origin, which the guard of origins has compared.
 */
const assertOwnPage = ({ method, headers }: FastifyRequest): void => {
  const site = headers['sec-fetch-site']
  const isReading = method === 'GET' || method === 'HEAD'
  const isOwn =
    (isReading || headers.origin !== undefined) &&
    (site === undefined || site === 'same-origin' || (isReading && site === 'none'))
  if (!isOwn) throw new AppError('forbidden', 'With a session cookie, only pages of this daemon may send this request.')
}

export interface Guard {
  /** Returns the token of a text, or null. The answer to a wrong one is delayed. */
  find(presented: string): Promise<Token | null>
  /** Returns false when the token of a request that was let in has ended meanwhile, or has another scope now. */
  stillCounts(request: FastifyRequest): boolean
}

export interface GuardDeps {
  readonly tokens: Tokens
  readonly sessions: Sessions
  /** It is awaited before a wrong token is answered. */
  readonly brake: () => Promise<void>
  /** It throws when the holder of the request's token asks too often. */
  readonly limit: (request: FastifyRequest) => Promise<void>
}

const unauthorized = (): AppError => new AppError('unauthorized', 'Send a valid token as "Authorization: Bearer ...".')

/**
 * Guards every route by its declared scope, before anything of the request is parsed, so that 401 wins over every other
 * refusal. A token counts in the Authorization header, or behind the cookie of a session; never in a URL. Without tokens
 * everything is allowed; the composition root grants that on loopback alone.
 */
export const guardScopes = (app: FastifyInstance, { tokens, sessions, brake, limit }: GuardDeps): Guard => {
  const routes: RouteOptions[] = []
  const holders = new WeakMap<FastifyRequest, Token>()

  app.addHook('onRoute', (route) => {
    routes.push(route)
  })
  app.decorate('routeScopes', () =>
    routes.flatMap(({ method, url, config }) =>
      [method].flat().map((name) => ({ method: name, url, scope: config?.scope ?? 'none' })),
    ),
  )
  // The scopes are checked when all routes are there, because plugins complete the routes of libraries after the hooks of
  // the root have seen them.
  app.addHook('onReady', async () => {
    const open = routes.filter((route) => route.config?.scope === undefined)
    if (open.length === 0) return
    throw new Error(`Routes without a scope: ${open.map((route) => `${route.method} ${route.url}`).join(', ')}`)
  })

  const find = async (presented: string): Promise<Token | null> => {
    const token = tokenOfHash(tokens, hashOf(presented))
    if (token === null) await brake()
    return token
  }

  const holderOf = async (request: FastifyRequest): Promise<Token | null> => {
    const { authorization, cookie } = request.headers
    if (authorization !== undefined) {
      const presented = bearer.exec(authorization)?.[1]
      return presented === undefined ? null : find(presented)
    }
    const token = sessions.find(cookie)
    if (token !== null) assertOwnPage(request)
    return token
  }

  app.decorateRequest('caller')
  // This hook lets a turn pass, so that a request whose first bytes hold no HTTP is refused for that.
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config
    request.caller = anybody
    if (!tokens.needed || scope === 'none') return
    const token = await holderOf(request)
    if (token === null) throw unauthorized()
    request.caller = token
    holders.set(request, token)
    await limit(request)
    if (!includesScope(token.scope, scope)) {
      throw new AppError('forbidden', `This needs a token of scope ${scope}; yours has ${token.scope}.`)
    }
  })

  return {
    find,
    stillCounts(request) {
      const held = holders.get(request)
      if (held === undefined) return true
      const now = tokenOfHash(tokens, held.hash)
      return now !== null && now.scope === held.scope
    },
  }
}
