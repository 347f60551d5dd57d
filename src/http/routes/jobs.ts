import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Drain } from '../../engine/use-cases/drain.js'
import type { Jobs } from '../../engine/use-cases/jobs.js'
import type { Lingering } from '../server/lingering.js'
import { idempotencyHeadersSchema, idempotencyOf } from '../shapes/idempotency.js'
import { jobPageSchema, jobSchema, partPageSchema } from '../shapes/jobs/answer.js'
import { etagOf, ifMatchHeadersSchema, versionsOf } from '../shapes/jobs/etag.js'
import { jobFilterOf, jobQuerySchema, jobsQuerySchema } from '../shapes/jobs/query.js'
import { jobChangesSchema, jobRequestSchema } from '../shapes/jobs/request.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageQuerySchema, pageRequestOf } from '../shapes/query.js'

export interface JobRoutesDeps {
  readonly jobs: Jobs
  readonly lingering: Lingering
  readonly drain: Pick<Drain, 'assertOpen' | 'admit'>
}

/** Making jobs and listing them. */
const collectionRoutes = (instance: FastifyInstance, { jobs, drain }: JobRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.post(
    '/v1/jobs',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'submitJob',
        summary: 'Submit an upload',
        description: 'Answers when the job is durable; the upload itself goes on without the client.',
        tags: ['jobs'],
        headers: idempotencyHeadersSchema,
        querystring: noQuerySchema,
        body: jobRequestSchema,
        response: { 201: jobSchema, ...problems(409, 413, 415, 422, 503, 507) },
      },
      onRequest: (_request, _reply, done) => {
        drain.assertOpen()
        done()
      },
    },
    async (request, reply) => {
      const idempotency = idempotencyOf(request.headers['idempotency-key'], request.body)
      const { job, replayed } = await drain.admit(() => jobs.submit(request.body, idempotency, request.caller))
      reply
        .code(201)
        .header('location', `/v1/jobs/${encodeURIComponent(job.id)}`)
        .header('etag', etagOf(job))
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
}

/** Looking at one job and changing it. */
const memberRoutes = (instance: FastifyInstance, { jobs, lingering }: JobRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

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
      const job = await (wait === undefined ? jobs.get(id) : jobs.wait(id, wait, lingering.signalFor(reply)))
      reply.header('etag', etagOf(job))
      return job
    },
  )

  app.patch(
    '/v1/jobs/:id',
    {
      config: { scope: 'submit' },
      schema: {
        operationId: 'changeJob',
        summary: 'Change a job, running or not',
        description:
          'The ETag is of what can be changed here, whatever else happens to the job. Of a completed or cancelled job only the labels can change.',
        tags: ['jobs'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        headers: ifMatchHeadersSchema,
        body: jobChangesSchema,
        response: { 200: jobSchema, ...problems(404, 409, 412, 413, 415, 503, 507) },
      },
    },
    async (request, reply) => {
      const job = await jobs.change(
        request.params.id,
        request.body,
        versionsOf(request.headers['if-match']),
        request.caller,
      )
      reply.header('etag', etagOf(job))
      return job
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
        querystring: pageQuerySchema,
        response: { 200: partPageSchema, ...problems(404, 503) },
      },
    },
    async (request) => jobs.parts(request.params.id, pageRequestOf(request.query)),
  )
}

/** Jobs, without the verbs. */
export const jobRoutes = (instance: FastifyInstance, deps: JobRoutesDeps): void => {
  collectionRoutes(instance, deps)
  memberRoutes(instance, deps)
}
