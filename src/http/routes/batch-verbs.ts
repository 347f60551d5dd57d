import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { verbs, verbWords } from '../../core/verb.js'
import type { Batches } from '../../engine/use-cases/batches.js'
import { takeNoBody } from '../server/no-body.js'
import { batchSchema } from '../shapes/batches/answer.js'
import { nothingSchema } from '../shapes/fields.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema } from '../shapes/query.js'

const unchanged = 'Idempotent: when the state is reached or under way already, nothing happens.'

/** Verbs for batches, and forgetting them. The batch obeys at once; its jobs follow, those of a large one step by step. */
export const batchVerbRoutes = (instance: FastifyInstance, batches: Batches): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()
  takeNoBody(app)

  for (const verb of verbs) {
    const { batch, batchNote } = verbWords[verb]
    app.post(
      `/v1/batches/:id/${verb}`,
      {
        config: { scope: 'submit' },
        schema: {
          operationId: `${verb}Batch`,
          summary: batch,
          description: batchNote === undefined ? unchanged : `${unchanged} ${batchNote}`,
          tags: ['batches'],
          params: idParamsSchema,
          querystring: noQuerySchema,
          response: { 202: batchSchema, ...problems(404, 409, 413, 503, 507) },
        },
      },
      async (request, reply) => {
        const answer = await batches.control(request.params.id, verb, request.caller)
        reply.code(202)
        return answer
      },
    )
  }

  app.delete(
    '/v1/batches/:id',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'deleteBatch',
        summary: 'Forget a settled batch and its jobs',
        description:
          'Objects in OSS stay. Of a large batch the jobs go step by step before the answer comes; should the daemon end ' +
          'meanwhile, the rest goes after its next start.',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 204: nothingSchema, ...problems(404, 409, 413, 503, 507) },
      },
    },
    async (request, reply) => {
      await batches.remove(request.params.id, request.caller)
      reply.code(204)
    },
  )
}
