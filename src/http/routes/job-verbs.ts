import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { verbs, verbWords } from '../../core/verb.js'
import type { Jobs } from '../../engine/use-cases/jobs.js'
import { takeNoBody } from '../server/no-body.js'
import { nothingSchema } from '../shapes/fields.js'
import { jobSchema } from '../shapes/jobs/answer.js'
import { etagOf } from '../shapes/jobs/etag.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema } from '../shapes/query.js'

/** Verbs for one job. These requests have no body. */
export const jobVerbRoutes = (instance: FastifyInstance, jobs: Jobs): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  takeNoBody(app)

  for (const verb of verbs) {
    app.post(
      `/v1/jobs/:id/${verb}`,
      {
        config: { scope: 'submit' },
        schema: {
          operationId: `${verb}Job`,
          summary: verbWords[verb].job,
          description: 'Idempotent: when the state is reached or under way already, nothing happens.',
          tags: ['jobs'],
          params: idParamsSchema,
          querystring: noQuerySchema,
          response: { 202: jobSchema, ...problems(404, 409, 413, 422, 503, 507) },
        },
      },
      async (request, reply) => {
        const job = await jobs.control(request.params.id, verb, request.caller)
        reply.code(202).header('etag', etagOf(job))
        return job
      },
    )
  }

  app.delete(
    '/v1/jobs/:id',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'removeJob',
        summary: 'Forget a settled job',
        tags: ['jobs'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 204: nothingSchema, ...problems(404, 409, 413, 503, 507) },
      },
    },
    async (request, reply) => {
      await jobs.remove(request.params.id, request.caller)
      reply.code(204)
      return null
    },
  )
}
