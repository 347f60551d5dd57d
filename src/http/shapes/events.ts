import { z } from 'zod'
import { eventTypes } from '../../core/event.js'
import { eventBatchSchema } from './batches/answer.js'
import { example } from './examples.js'
import { instant } from './fields.js'
import { eventJobSchema, exampleEventJob, partSchema, progressSchema } from './jobs/answer.js'
import { batchFilter, labelFilter } from './jobs/query.js'

const after = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .describe('Event id after which to go on, or `oldest` for all that is kept; Last-Event-ID wins.')

export const jobEventsQuerySchema = z.strictObject({ after })
export const eventsQuerySchema = z.strictObject({
  job: z.string().min(1).max(100).optional().describe('Events of one job only.'),
  batch: batchFilter.describe('Events of one batch and its jobs only.'),
  label: labelFilter,
  after,
})

export const eventSchema = z
  .object({
    id: z.string().describe('Opaque; what Last-Event-ID takes.'),
    type: z.enum(eventTypes),
    at: instant,
    jobId: z.string().nullable().describe('Null for batch.completed and batch.deleted.'),
    batchId: z.string().nullable(),
    by: z.string().optional().describe('The name of the token whose request it was.'),
    job: eventJobSchema.optional(),
    part: partSchema.optional(),
    batch: eventBatchSchema.optional(),
  })
  .describe(
    '`data:` of a stored event: `job` as it was then, `part` for part.uploaded, `batch` for batch.completed (settled, however it ended) and batch.deleted.',
  )

export const jobProgressSchema = z
  .object({ jobId: z.string(), progress: progressSchema })
  .describe('`data:` of job.progress, which has no id and is never stored.')

export const streamReadySchema = z
  .object({ id: z.string(), type: z.literal('ready'), at: instant })
  .describe('`data:` of ready, the first event of a stream without a cursor; its id says where the stream begins.')

export const streamResetSchema = z
  .object({ type: z.literal('reset'), lastId: z.string() })
  .describe('`data:` of reset, the first event of a stream whose cursor is no longer kept: read what you show anew.')

/** What `data:` of a stream holds. */
export const streamDataSchema = z.union([eventSchema, jobProgressSchema, streamReadySchema, streamResetSchema])

/** What streams send. */
export const eventStreamSchema = z.string().describe('Server-sent events: `data:` of each holds a StreamData.')

const exampleEvent = example(eventSchema, {
  id: '5f0a6b7c-42',
  type: 'job.completed',
  at: '2026-01-01T00:00:09.120Z',
  jobId: exampleEventJob.id,
  batchId: null,
  job: exampleEventJob,
})

const { id: jobId, progress } = exampleEventJob

example(
  eventStreamSchema,
  [
    'retry: 2000\n\n',
    `event: job.progress\ndata: ${JSON.stringify({ jobId, progress })}\n\n`,
    `id: ${exampleEvent.id}\nevent: ${exampleEvent.type}\ndata: ${JSON.stringify(exampleEvent)}\n\n`,
  ].join(''),
)
