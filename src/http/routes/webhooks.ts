import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { WebhookOutbox } from '../../engine/use-cases/outbox.js'
import { takeNoBody } from '../server/no-body.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageRequestOf } from '../shapes/query.js'
import { webhookPageSchema, webhookSchema, webhooksQuerySchema } from '../shapes/webhooks.js'

/** Lists the messages to receivers of webhooks, and delivers one again. */
export const webhookRoutes = (instance: FastifyInstance, webhooks: WebhookOutbox): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()
  takeNoBody(app)

  app.get(
    '/v1/webhooks',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listWebhooks',
        summary: 'List the messages to receivers of webhooks, newest first',
        description:
          'Each is an event of a job that asked for a webhook. They are kept with their job; what is pending is delivered ' +
          'even when its job is gone.',
        tags: ['webhooks'],
        querystring: webhooksQuerySchema,
        response: { 200: webhookPageSchema, ...problems(503) },
      },
    },
    async (request) => {
      const { job, state } = request.query
      const filter = { ...(job === undefined ? {} : { jobId: job }), ...(state === undefined ? {} : { state }) }
      return webhooks.list(filter, pageRequestOf(request.query))
    },
  )

  app.post(
    '/v1/webhooks/:id/redeliver',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'redeliverWebhook',
        summary: 'Deliver a message again, now',
        description: 'Whatever its state; under the same `webhook-id`, so that a receiver that had it can tell.',
        tags: ['webhooks'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 202: webhookSchema, ...problems(404, 413, 503, 507) },
      },
    },
    async (request, reply) => {
      reply.code(202)
      return webhooks.redeliver(request.params.id)
    },
  )
}
