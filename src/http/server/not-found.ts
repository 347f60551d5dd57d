import type { FastifyInstance } from 'fastify'
import { AppError } from '../../core/app-error.js'

const notFound = (): never => {
  throw new AppError('not_found', 'There is nothing at this address; /docs shows what there is.')
}

/** Returns an expression for the addresses of a route's pattern (`/v1/jobs/:id`, `/docs/static/*`). */
const matcherOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\*$/, '.*')
      .replace(/:\w+/g, '[^/]+')}$`,
  )

/**
 * Answers unknown addresses with 404 and known ones that lack the method with 405 and `Allow`, before a body is read:
 * neither a media type nor malformed JSON matters there.
 */
export const answerNotFound = (app: FastifyInstance): void => {
  const routes = new Map<string, { readonly matcher: RegExp; readonly methods: Set<string> }>()

  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { matcher: matcherOf(url), methods: new Set() }
    for (const name of Array.isArray(method) ? method : [method]) route.methods.add(name)
    routes.set(url, route)
  })

  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) {
      done()
      return
    }
    const path = request.url.split('?', 1)[0] ?? ''
    const methods = [...routes.values()]
      .filter(({ matcher }) => matcher.test(path))
      .flatMap((route) => [...route.methods])
    if (methods.length === 0) notFound()
    const allow = [...new Set(methods)].sort().join(', ')
    reply.header('allow', allow)
    throw new AppError('method_not_allowed', `This address accepts ${allow}.`)
  })
  // This answers for files that a static route does not have.
  app.setNotFoundHandler(notFound)
}
