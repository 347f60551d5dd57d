import { z } from 'zod'
import { batchProblemCodes, batchStates } from '../../../core/batch.js'
import { type BatchAnswer, shownProblems } from '../../../core/batch-view.js'
import { example } from '../examples.js'
import { instant, page, size } from '../fields.js'
import { batchOptionsSchema, exampleBatchOptions } from '../jobs/options.js'
import { exampleOwnFields, ownAnswerFields } from './own-fields.js'

const exampleBatch: BatchAnswer = {
  id: 'b-0199c3f2a1b47c3e9d5f0a6b7c8d9',
  state: 'running',
  source: { dir: '/srv/in/out', include: ['**/*.mp4'], exclude: ['tmp'], followSymlinks: false },
  target: { bucket: 'media', prefix: 'out/' },
  ...exampleOwnFields,
  totals: {
    jobs: 512,
    queued: 200,
    running: 12,
    completing: 0,
    paused: 0,
    cancelling: 0,
    completed: 300,
    failed: 0,
    cancelled: 0,
    skipped: 4,
    bytesTotal: 104857600,
    bytesUploaded: 62914560,
    bytesInFlight: 4194304,
  },
  walk: {
    done: true,
    seen: 513,
    problemCount: 1,
    problems: [
      {
        path: '/srv/in/out/secret.mp4',
        code: 'source_unavailable',
        message: 'The file cannot be read: EACCES',
        jobId: null,
      },
    ],
  },
  labels: { run: '42' },
  createdAt: '2026-01-01T00:00:07.000Z',
  finishedAt: null,
  priority: 0,
  options: exampleBatchOptions,
}

export const batchProblemSchema = z
  .object({
    path: z.string().describe('A name that is not UTF-8 has `\\xNN` for its bytes that are not ASCII.'),
    code: z.enum(batchProblemCodes),
    message: z.string(),
    jobId: z.string().nullable().describe('The job in the way (target_busy).'),
  })
  .describe('Why a file or directory did not become jobs.')

const batchFields = {
  id: z.string(),
  state: z
    .enum(batchStates)
    .describe('failed: settled with a failed job or a problem of the walk. paused: nothing of it is moving.'),
  source: z
    .object({
      dir: z.string().optional(),
      include: z.array(z.string()).readonly().optional(),
      exclude: z.array(z.string()).readonly().optional(),
      followSymlinks: z.boolean().optional(),
    })
    .describe('Without `dir`: a list of files.'),
  target: z.object({ bucket: z.string(), prefix: z.string() }),
  ...ownAnswerFields,
  totals: z
    .object({
      jobs: size,
      queued: size,
      running: size,
      completing: size,
      paused: size,
      cancelling: size,
      completed: size.describe('With those that were skipped.'),
      failed: size,
      cancelled: size,
      skipped: size.describe('Completed without sending anything, by `ifExists`.'),
      bytesTotal: size,
      bytesUploaded: size,
      bytesInFlight: size.describe('On their way to OSS; 0 in stored events.'),
    })
    .describe('Jobs by state, those that were deleted since included.'),
  walk: z.object({
    done: z.boolean(),
    seen: size.describe('Files that became jobs (in a dry run: would have), and problems.'),
    problemCount: size,
    problems: z
      .array(batchProblemSchema)
      .readonly()
      .describe(`The first ${shownProblems}; all of them are at \`/v1/batches/{id}/problems\`.`),
  }),
  labels: z.record(z.string(), z.string()),
  createdAt: instant,
  finishedAt: instant.nullable().describe('Set when the batch is settled: completed, failed or cancelled.'),
}

export const batchSchema = z
  .object({ ...batchFields, priority: z.int(), options: batchOptionsSchema })
  .meta({ description: 'Jobs made together, watched and controlled as one.', examples: [exampleBatch] })

/** A batch as events show it: without its options. */
export const eventBatchSchema = z.object(batchFields).describe('A batch as it was then, without its options.')

export const plannedFileSchema = z.object({ path: z.string(), key: z.string(), size })

export const batchPageSchema = page(batchSchema)
export const batchProblemPageSchema = page(batchProblemSchema)
export const plannedFilePageSchema = page(plannedFileSchema)

example(batchPageSchema, { items: [exampleBatch], nextCursor: null })
example(batchProblemPageSchema, {
  items: [
    {
      path: '/srv/in/out/secret.mp4',
      code: 'source_unavailable',
      message: 'The file cannot be read.',
      jobId: null,
    },
  ],
  nextCursor: null,
})
example(plannedFilePageSchema, {
  items: [{ path: '/srv/in/out/a.mp4', key: 'out/a.mp4', size: 104857600 }],
  nextCursor: null,
})
