import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Batches } from '../../engine/use-cases/batches.js'
import type { Drain } from '../../engine/use-cases/drain.js'
import { batchPageSchema, batchSchema } from '../shapes/batches/answer.js'
import { batchBodyLimitBytes, batchRequestSchema } from '../shapes/batches/request.js'
import { idempotencyHeadersSchema, idempotencyOf } from '../shapes/idempotency.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageQuerySchema, pageRequestOf } from '../shapes/query.js'

export interface BatchRoutesDeps {
  readonly batches: Batches
  readonly drain: Pick<Drain, 'assertOpen' | 'admit'>
}

/** Making batches and looking at them. */
export const batchRoutes = (instance: FastifyInstance, { batches, drain }: BatchRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.post(
    '/v1/batches',
    {
      config: { scope: 'submit' },
      bodyLimit: batchBodyLimitBytes,
      schema: {
        operationId: 'submitBatch',
        summary: 'Submit a directory, or a list of files',
        description:
          'Answers when the batch is durable. The walk goes on without the client, and over a crash; every file that it comes ' +
          'upon becomes a job. The body may have up to 16 MiB.',
        tags: ['batches'],
        headers: idempotencyHeadersSchema,
        querystring: noQuerySchema,
        body: batchRequestSchema,
        response: { 201: batchSchema, ...problems(413, 415, 422, 503, 507) },
      },
      onRequest: (_request, _reply, done) => {
        drain.assertOpen()
        done()
      },
    },
    async (request, reply) => {
      const idempotency = idempotencyOf(request.headers['idempotency-key'], request.body)
      const { batch, replayed } = await drain.admit(() => batches.submit(request.body, idempotency, request.caller))
      reply.code(201).header('location', `/v1/batches/${encodeURIComponent(batch.id)}`)
      if (replayed) reply.header('idempotency-replayed', 'true')
      return batch
    },
  )

  app.get(
    '/v1/batches',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listBatches',
        summary: 'List batches, newest first',
        tags: ['batches'],
        querystring: pageQuerySchema,
        response: { 200: batchPageSchema, ...problems(503) },
      },
    },
    async (request) => batches.list(pageRequestOf(request.query)),
  )

  app.get(
    '/v1/batches/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getBatch',
        summary: 'Show a batch with its totals',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 200: batchSchema, ...problems(404, 503) },
      },
    },
    async (request) => batches.get(request.params.id),
  )
}
