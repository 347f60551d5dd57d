import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { JobAnswer } from '../../core/job-view.js'
import type { Batches } from '../../engine/use-cases/batches.js'
import type { Jobs } from '../../engine/use-cases/jobs.js'
import { batchProblemPageSchema, plannedFilePageSchema } from '../shapes/batches/answer.js'
import { jobLinesSchema, jobPageSchema } from '../shapes/jobs/answer.js'
import { batchJobsQuerySchema, jobFilterOf } from '../shapes/jobs/query.js'
import { problems } from '../shapes/problems.js'
import { idParamsSchema, noQuerySchema, pageQuerySchema, pageRequestOf } from '../shapes/query.js'

export interface BatchContentsDeps {
  readonly batches: Batches
  readonly jobs: Pick<Jobs, 'list'>
}

async function* linesOf(jobs: AsyncIterable<JobAnswer>): AsyncGenerator<string> {
  for await (const job of jobs) yield `${JSON.stringify(job)}\n`
}

/** What is in a batch: its jobs, and what did not become jobs. */
export const batchContentRoutes = (instance: FastifyInstance, { batches, jobs }: BatchContentsDeps): void => {
  const app = instance.withTypeProvider<ZodTypeProvider>()

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
      // The stream is sent as it is read. The declared type of the answer is that of one line.
      return Readable.from(lines) as never
    },
  )
}
