import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { StoreUpkeep } from '../../ports/store.js'
import { statsSchema, versionSchema } from '../answers.js'
import { problems } from '../openapi.js'
import { noQuerySchema } from '../query.js'

export interface SystemRoutesDeps {
  readonly store: Pick<StoreUpkeep, 'stats'>
  readonly version: { readonly version: string; readonly commit?: string }
}

/** The daemon itself, and where to read on. */
export const systemRoutes = (instance: FastifyInstance, { store, version }: SystemRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/stats',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getStats',
        summary: 'Totals over all stored jobs',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: statsSchema, ...problems(503) },
      },
    },
    async () => store.stats(),
  )

  app.get(
    '/v1/version',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getVersion',
        summary: 'Which version answers',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: versionSchema, ...problems() },
      },
    },
    async () => ({ version: version.version, commit: version.commit ?? null }),
  )

  app.get('/openapi.json', { config: { scope: 'none' }, schema: { hide: true } }, async () => app.swagger())

  app.get('/', { config: { scope: 'none' }, schema: { hide: true } }, async () => ({
    name: 'longshore',
    docs: '/docs',
    openapi: '/openapi.json',
  }))
}
