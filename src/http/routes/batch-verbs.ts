import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { type BatchVerb, batchVerbs } from '../../core/batch-steps.js'
import type { Batches } from '../../engine/use-cases/batches.js'
import { takeNoBody } from '../server/no-body.js'
import { batchSchema } from '../shapes/batches/answer.js'
import { nothingSchema } from '../shapes/fields.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema } from '../shapes/query.js'

const summaries: Readonly<Record<BatchVerb, string>> = {
  pause: 'Pause a batch: the walk stops, parts in flight finish, nothing new starts',
  resume: 'Resume a paused batch',
  cancel: 'Cancel a batch: stop the walk, cancel every job that is not done',
  retry: 'Try the failed jobs of a batch again',
}

const unchanged = 'Idempotent: when the state is reached or under way already, nothing happens.'

const descriptions: Readonly<Record<BatchVerb, string>> = {
  pause: unchanged,
  resume: unchanged,
  cancel: unchanged,
  retry:
    `${unchanged} Tries jobs, and does not walk again: what stands in \`walk.problems\` stays there, and the batch ends ` +
    '`failed` for it. Once its cause is gone, submit the directory again with `ifExists: skipSame`, which sends only ' +
    'what is missing.',
}

/** Steering batches, and forgetting them. The batch obeys at once; its jobs follow, those of a large one step by step. */
export const batchVerbRoutes = (instance: FastifyInstance, batches: Batches): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()
  takeNoBody(app)

  for (const verb of batchVerbs) {
    app.post(
      `/v1/batches/:id/${verb}`,
      {
        config: { scope: 'submit' },
        schema: {
          operationId: `${verb}Batch`,
          summary: summaries[verb],
          description: descriptions[verb],
          tags: ['batches'],
          params: idParamsSchema,
          querystring: noQuerySchema,
          response: { 202: batchSchema, ...problems(404, 409, 413, 503, 507) },
        },
      },
      async (request, reply) => {
        const batch = await batches.control(request.params.id, verb, request.caller)
        reply.code(202)
        return batch
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
