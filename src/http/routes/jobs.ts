import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Drain } from '../../engine/drain.js'
import type { Jobs } from '../../engine/jobs.js'
import { jobPageSchema, jobSchema, partPageSchema } from '../answers.js'
import { idempotencyHeadersSchema, idempotencyOf } from '../idempotency.js'
import { jobRequestSchema } from '../job-request.js'
import type { Lingering } from '../lingering.js'
import { problems } from '../openapi.js'
import {
  idParamsSchema,
  jobFilterOf,
  jobQuerySchema,
  jobsQuerySchema,
  noQuerySchema,
  pageRequestOf,
  partsQuerySchema,
} from '../query.js'

export interface JobRoutesDeps {
  readonly jobs: Jobs
  readonly lingering: Lingering
  readonly drain: Pick<Drain, 'assertOpen' | 'admit'>
}

/** Making jobs and looking at them. */
export const jobRoutes = (instance: FastifyInstance, { jobs, lingering, drain }: JobRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.post(
    '/v1/jobs',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'submitJob',
        summary: 'Hand over an upload',
        description: 'Answers when the job is durable; the upload itself goes on without the client.',
        tags: ['jobs'],
        headers: idempotencyHeadersSchema,
        querystring: noQuerySchema,
        body: jobRequestSchema,
        response: { 201: jobSchema, ...problems(409, 413, 415, 422, 503, 507) },
      },
      onRequest: async () => drain.assertOpen(),
    },
    async (request, reply) => {
      const idempotency = idempotencyOf(request.headers['idempotency-key'], request.body)
      const { job, replayed } = await drain.admit(() => jobs.submit(request.body, idempotency, request.caller))
      reply.code(201).header('location', `/v1/jobs/${encodeURIComponent(job.id)}`)
      if (replayed) reply.header('idempotency-replayed', 'true')
      return job
    },
  )

  app.get(
    '/v1/jobs',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listJobs',
        summary: 'List jobs, newest first',
        description: 'A filtered page may be short and still have a `nextCursor`.',
        tags: ['jobs'],
        querystring: jobsQuerySchema,
        response: { 200: jobPageSchema, ...problems(503) },
      },
    },
    async (request) => jobs.list(jobFilterOf(request.query), pageRequestOf(request.query)),
  )

  app.get(
    '/v1/jobs/:id',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getJob',
        summary: 'Show a job, now or when it is settled',
        tags: ['jobs'],
        params: idParamsSchema,
        querystring: jobQuerySchema,
        response: { 200: jobSchema, ...problems(404, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { wait } = request.query
      return wait === undefined ? jobs.get(id) : jobs.wait(id, wait, lingering.signalFor(reply))
    },
  )

  app.get(
    '/v1/jobs/:id/parts',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listParts',
        summary: "List a job's parts by number",
        tags: ['jobs'],
        params: idParamsSchema,
        querystring: partsQuerySchema,
        response: { 200: partPageSchema, ...problems(404, 503) },
      },
    },
    async (request) => jobs.parts(request.params.id, pageRequestOf(request.query)),
  )
}
