import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Sweeps } from '../../engine/use-cases/sweeps.js'
import { type SweepVerb, sweepVerbs } from '../../ports/sweep-store.js'
import { takeNoBody } from '../server/no-body.js'
import { jobFilterOf, sweepQuerySchema } from '../shapes/jobs/query.js'
import { problems } from '../shapes/problems.js'
import { sweepSchema } from '../shapes/sweep-answer.js'

const summaries: Readonly<Record<SweepVerb, string>> = {
  pause: 'Pause everything that matches',
  resume: 'Resume everything that matches',
}

/** Verbs for many jobs at once. These requests have no body. */
export const sweepRoutes = (instance: FastifyInstance, sweeps: Pick<Sweeps, 'begin'>): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  takeNoBody(app)

  for (const verb of sweepVerbs) {
    app.post(
      `/v1/jobs/${verb}`,
      {
        config: { scope: 'submit' },
        schema: {
          operationId: `${verb}Jobs`,
          summary: summaries[verb],
          description:
            'Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash. ' +
            'A batch that may still make jobs that match is told too, unless the filter names a source. Jobs that are made later are not meant.',
          tags: ['jobs'],
          querystring: sweepQuerySchema,
          response: { 202: sweepSchema, ...problems(413, 503, 507) },
        },
      },
      async (request, reply) => {
        reply.code(202)
        return sweeps.begin(verb, jobFilterOf(request.query), request.caller)
      },
    )
  }
}
