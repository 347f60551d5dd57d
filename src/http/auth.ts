import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../core/app-error.js'
import { anybody, type Caller, includesScope, type Scope } from '../core/caller.js'
import type { Token, Tokens } from '../ports/tokens.js'

/** What a route asks for; `none` serves anybody. */
export type RouteScope = Scope | 'none'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route declares it, or the app refuses to start. */
    scope: RouteScope
  }
  interface FastifyRequest {
    /** Who asks. Use cases that change something take it; routes of scope `none` get anybody. */
    caller: Caller
  }
}

const bearer = /^Bearer +([^\s]+) *$/i

/** The token of a text. Every known token is compared, each in constant time. */
const findToken = (tokens: Tokens, presented: string): Token | null => {
  const hash = createHash('sha256').update(presented).digest()
  return tokens
    .current()
    .reduce<Token | null>((found, token) => (timingSafeEqual(hash, token.hash) ? token : found), null)
}

const presentedBy = ({ headers }: FastifyRequest): string | null =>
  bearer.exec(headers.authorization ?? '')?.[1] ?? null

/**
 * Guards every route by its declared scope, before anything of the request is parsed, so that 401 wins over every other
 * refusal. Tokens count in the Authorization header only. Without tokens everything is allowed; the composition root
 * grants that on loopback alone.
 */
export const guardScopes = (app: FastifyInstance, tokens: Tokens): void => {
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

  app.decorateRequest('caller')
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config
    request.caller = anybody
    if (!tokens.needed || scope === 'none') return
    const presented = presentedBy(request)
    const token = presented === null ? null : findToken(tokens, presented)
    if (token === null) throw new AppError('unauthorized', 'Send a valid token as "Authorization: Bearer ...".')
    request.caller = token
    if (!includesScope(token.scope, scope)) {
      throw new AppError('forbidden', `This needs a token of scope ${scope}; yours has ${token.scope}.`)
    }
  })
}
