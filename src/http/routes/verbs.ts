import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { verbs, verbWords } from '../../core/verb.js'
import type { Verbs } from '../../engine/use-cases/verbs.js'
import { takeNoBody } from '../server/no-body.js'
import { jobFilterOf, verbQuerySchema } from '../shapes/jobs/query.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageQuerySchema, pageRequestOf } from '../shapes/query.js'
import { bulkVerbPageSchema, bulkVerbSchema } from '../shapes/verbs.js'

/** Verbs for many jobs at once, and looking at them. */
export const verbRoutes = (instance: FastifyInstance, bulk: Verbs): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/v1/verbs',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listVerbs',
        summary: 'List the verbs that were given to many jobs at once, newest first',
        description: 'Also those that were given to batches. They are forgotten with the jobs of their time.',
        tags: ['jobs'],
        querystring: pageQuerySchema,
        response: { 200: bulkVerbPageSchema, ...problems(503) },
      },
    },
    async (request) => bulk.list(pageRequestOf(request.query)),
  )

  app.get(
    '/v1/verbs/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getVerb',
        summary: 'Show how far a verb for many jobs has come',
        tags: ['jobs'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 200: bulkVerbSchema, ...problems(404, 503) },
      },
    },
    async (request) => bulk.get(request.params.id),
  )

  takeNoBody(app)

  for (const verb of verbs) {
    app.post(
      `/v1/jobs/${verb}`,
      {
        config: { scope: 'submit' },
        schema: {
          operationId: `${verb}Jobs`,
          summary: verbWords[verb].jobs,
          description:
            'Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash, ' +
            'and `Location` names the verb, which can be looked at. Each job is met once: what is asked of it afterwards stands, and `state` is the one that ' +
            'it has when it is met. Jobs that are made later are not meant. Batches that may still make jobs that match are paused, resumed or cancelled ' +
            'too, unless the filter names a source or states.',
          tags: ['jobs'],
          querystring: verbQuerySchema,
          response: { 202: bulkVerbSchema, ...problems(413, 503, 507) },
        },
      },
      async (request, reply) => {
        const begun = await bulk.begin(verb, jobFilterOf(request.query), request.caller)
        reply.code(202).header('location', `/v1/verbs/${begun.id}`)
        return begun
      },
    )
  }
}
