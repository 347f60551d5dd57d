import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { JobAnswer } from '../../core/job-view.js'
import type { Batches } from '../../engine/use-cases/batches.js'
import type { Drain } from '../../engine/use-cases/drain.js'
import type { Jobs } from '../../engine/use-cases/jobs.js'
import {
  batchPageSchema,
  batchProblemPageSchema,
  batchSchema,
  plannedFilePageSchema,
} from '../shapes/batches/answer.js'
import { batchBodyLimitBytes, batchRequestSchema } from '../shapes/batches/request.js'
import { idempotencyHeadersSchema, idempotencyOf } from '../shapes/idempotency.js'
import { jobLinesSchema, jobPageSchema } from '../shapes/jobs/answer.js'
import { batchJobsQuerySchema, jobFilterOf } from '../shapes/jobs/query.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageQuerySchema, pageRequestOf } from '../shapes/query.js'

export interface BatchRoutesDeps {
  readonly batches: Batches
  readonly jobs: Pick<Jobs, 'list'>
  readonly drain: Pick<Drain, 'assertOpen' | 'admit'>
}

async function* linesOf(jobs: AsyncIterable<JobAnswer>): AsyncGenerator<string> {
  for await (const job of jobs) yield `${JSON.stringify(job)}\n`
}

/** Making batches and looking at them. */
export const batchRoutes = (instance: FastifyInstance, { batches, jobs, drain }: BatchRoutesDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

  app.post(
    '/v1/batches',
    {
      config: { scope: 'submit' },
      bodyLimit: batchBodyLimitBytes,
      schema: {
        operationId: 'submitBatch',
        summary: 'Hand over a directory, or a list of files',
        description:
          'Answers when the batch is durable. The walk goes on without the client, and over a crash; every file that it comes ' +
          'upon becomes a job. The body may have up to 16 MiB.',
        tags: ['batches'],
        headers: idempotencyHeadersSchema,
        querystring: noQuerySchema,
        body: batchRequestSchema,
        response: { 201: batchSchema, ...problems(413, 415, 422, 503, 507) },
      },
      onRequest: async () => drain.assertOpen(),
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

  app.get(
    '/v1/batches/:id/jobs',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listBatchJobs',
        summary: "List a batch's jobs, newest first",
        description: 'A filtered page may be short and still have a `nextCursor`.',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: batchJobsQuerySchema,
        response: { 200: jobPageSchema, ...problems(404, 503) },
      },
    },
    async (request) => {
      const { id } = request.params
      await batches.get(id)
      return jobs.list({ ...jobFilterOf(request.query), batchId: id }, pageRequestOf(request.query))
    },
  )

  app.get(
    '/v1/batches/:id/problems',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listBatchProblems',
        summary: 'List what did not become jobs, and why',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: pageQuerySchema,
        response: { 200: batchProblemPageSchema, ...problems(404, 503) },
      },
    },
    async (request) => batches.problems(request.params.id, pageRequestOf(request.query)),
  )

  app.get(
    '/v1/batches/:id/files',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'listPlannedFiles',
        summary: 'List what a dry run would have sent',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: pageQuerySchema,
        response: { 200: plannedFilePageSchema, ...problems(404, 503) },
      },
    },
    async (request) => batches.planned(request.params.id, pageRequestOf(request.query)),
  )

  app.get(
    '/v1/batches/:id/manifest',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'getBatchManifest',
        summary: 'Every job of a batch with its receipt or error, one JSON object per line',
        description:
          'Newest first, and behind them jobs that were deleted before the batch, as they were then. Of a batch that is not ' +
          'settled: as far as it has come.',
        tags: ['batches'],
        params: idParamsSchema,
        querystring: noQuerySchema,
        response: { 200: jobLinesSchema, ...problems(404, 503) },
      },
    },
    async (request, reply) => {
      const lines = linesOf(await batches.manifest(request.params.id))
      reply.type('application/x-ndjson')
      // Sent as it is read; the type of the answer is that of its lines.
      return Readable.from(lines) as never
    },
  )
}
