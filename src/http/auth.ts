import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../core/app-error.js'

/** What a token may do; each scope includes those before it. */
export const scopes = ['read', 'submit', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** What a route asks for; `none` serves anybody. */
export type RouteScope = Scope | 'none'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route declares it, or the app refuses to start. */
    scope: RouteScope
  }
}

/** A bearer token as the daemon keeps it. The token itself is forgotten once it is hashed. */
export interface Token {
  /** For logs; never the token. */
  readonly name: string
  readonly scope: Scope
  /** SHA-256 of the token. */
  readonly hash: Buffer
}

const bearer = /^Bearer +([^\s]+) *$/i

/** Finds the token that an Authorization header presents. Every known token is compared, each in constant time. */
const createFinder =
  (tokens: readonly Token[]) =>
  (header: string | undefined): Token | null => {
    const presented = bearer.exec(header ?? '')?.[1]
    if (presented === undefined) return null
    const hash = createHash('sha256').update(presented).digest()
    return tokens.reduce<Token | null>((found, token) => (timingSafeEqual(hash, token.hash) ? token : found), null)
  }

const includes = (held: Scope, asked: Scope): boolean => scopes.indexOf(held) >= scopes.indexOf(asked)

/**
 * Guards every route by its declared scope, before anything of the request is parsed, so that 401 wins over every other
 * refusal. Tokens count in the Authorization header only. Without tokens everything is allowed; the composition root
 * grants that on loopback alone.
 */
export const guardScopes = (app: FastifyInstance, tokens: readonly Token[]): void => {
  const find = createFinder(tokens)
  const routes: { readonly method: unknown; readonly url: string; readonly config?: { scope?: unknown } }[] = []

  app.addHook('onRoute', (route) => {
    routes.push(route)
  })
  // Judged when all routes are there: plugins complete the routes of libraries after the root's hooks have seen them.
  app.addHook('onReady', async () => {
    const open = routes.filter((route) => route.config?.scope === undefined)
    if (open.length === 0) return
    throw new Error(`Routes without a scope: ${open.map((route) => `${route.method} ${route.url}`).join(', ')}`)
  })

  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config
    if (tokens.length === 0 || scope === 'none') return
    const token = find(request.headers.authorization)
    if (token === null) throw new AppError('unauthorized', 'Send a valid token as "Authorization: Bearer ...".')
    if (!includes(token.scope, scope)) {
      throw new AppError('forbidden', `This needs a token of scope ${scope}; yours has ${token.scope}.`)
    }
  })
}
