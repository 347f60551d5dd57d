import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { AppError } from '../../core/app-error.js'
import type { Tokens } from '../../ports/tokens.js'
import type { Guard } from '../guard/auth.js'
import type { Sessions } from '../guard/sessions.js'
import { nothingSchema } from '../shapes/fields.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { sessionRequestSchema, sessionSchema } from '../shapes/session.js'

export interface SessionRoutesDeps {
  readonly tokens: Tokens
  readonly sessions: Sessions
  readonly guard: Guard
}

/** Opens and closes sessions of the dashboard. Scripts cannot read their cookie, and pages of others cannot use it. */
export const sessionRoutes = (instance: FastifyInstance, { tokens, sessions, guard }: SessionRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.post(
    '/v1/session',
    {
      config: { scope: 'none' },
      bodyLimit: 4096,
      // A request whose token comes in the header needs no body at all.
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'openSession',
        summary: 'Exchange a token for a cookie',
        description:
          'For pages of this daemon. The cookie is HttpOnly and SameSite=Strict and ends after 12 hours or with its token; a restart of the daemon does not end it. Requests that it stands for and that change something need an Origin.',
        tags: ['session'],
        security: [{ bearer: [] }, {}],
        querystring: noQuerySchema,
        body: sessionRequestSchema,
        response: { 201: sessionSchema, ...problems(413, 415) },
      },
    },
    async (request, reply) => {
      reply.code(201).header('cache-control', 'no-store')
      if (!tokens.needed) return { name: null, scope: 'admin' as const }
      const presented = request.body.token ?? /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
      const token = presented === undefined ? null : await guard.find(presented)
      if (token === null) throw new AppError('unauthorized', 'Send a valid token, in the body or as a bearer token.')
      reply.header('set-cookie', sessions.open(token, request.headers.origin?.startsWith('https:') ?? false))
      return { name: token.name, scope: token.scope }
    },
  )

  app.delete(
    '/v1/session',
    {
      config: { scope: 'none' },
      schema: {
        operationId: 'closeSession',
        summary: 'End the session of the cookie',
        tags: ['session'],
        security: [{}],
        querystring: noQuerySchema,
        response: { 204: nothingSchema, ...problems(413, 415) },
      },
    },
    async (request, reply) => {
      reply.code(204).header('set-cookie', sessions.close(request.headers.cookie))
      return null
    },
  )
}
