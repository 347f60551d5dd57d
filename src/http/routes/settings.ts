import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { LiveSettings } from '../../engine/use-cases/live-settings.js'
import { problems } from '../shapes/problems.js'
import { noQuerySchema } from '../shapes/query.js'
import { settingsChangesSchema, settingsSchema } from '../shapes/settings.js'

/** Shows and changes the settings that can be changed while the daemon runs. */
export const settingsRoutes = (instance: FastifyInstance, settings: Pick<LiveSettings, 'view' | 'change'>): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/settings',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getSettings',
        summary: 'Show the live settings',
        tags: ['system'],
        querystring: noQuerySchema,
        response: { 200: settingsSchema, ...problems() },
      },
    },
    async () => settings.view(),
  )

  app.patch(
    '/v1/settings',
    {
      config: { scope: 'admin' },
      schema: {
        operationId: 'changeSettings',
        summary: 'Change live settings',
        description:
          'Takes effect at once, also for what is in flight, and survives a restart. Null goes back to the environment.',
        tags: ['system'],
        querystring: noQuerySchema,
        body: settingsChangesSchema,
        response: { 200: settingsSchema, ...problems(413, 415, 503, 507) },
      },
    },
    async (request) => settings.change(request.body, request.caller),
  )
}
