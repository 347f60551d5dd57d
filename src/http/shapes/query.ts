import { z } from 'zod'
import { jobStates } from '../../core/job.js'
import { parseDurationMs } from '../../core/units.js'
import { webhookStates } from '../../core/webhook.js'
import type { JobFilter } from '../../ports/job-filter.js'
import type { PageRequest } from '../../ports/page.js'

const asArray = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

const repeatable = z.union([z.string(), z.array(z.string())], { error: 'must be text' })

const limit = z
  .string()
  .regex(/^\d{1,9}$/, 'must be an integer')
  .transform(Number)
  .pipe(z.int().min(1).max(1000))
  .default(100)
  .meta({ type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'Items per page; 100 by default.' })

const cursor = z.string().min(1).max(1024).optional().describe('`nextCursor` of the page before.')

const pageFields = { limit, cursor }

export const pageQuerySchema = z.strictObject(pageFields)

const filterFields = {
  state: repeatable
    .transform((value) => asArray(value).flatMap((text) => text.split(',')))
    .pipe(z.array(z.enum(jobStates)))
    .optional()
    .meta({
      type: 'array',
      items: { type: 'string', enum: [...jobStates] },
      description: 'May repeat or hold commas.',
    }),
  bucket: z.string().min(1).max(63).optional(),
  source: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('Path of the source; with a `/` at its end everything below that directory.'),
  label: repeatable
    .transform((value) => asArray(value).map(labelOf))
    .pipe(z.array(z.object({ key: z.string().min(1).max(63), value: z.string().max(255).nullable() })).max(16))
    .optional()
    .meta({
      type: 'array',
      items: { type: 'string' },
      description: '`k=v`, or a bare `k` for any value. May repeat; all must match.',
    }),
}

const batch = z.string().min(1).max(100).optional().describe('Only of this batch.')

export const batchJobsQuerySchema = z.strictObject({ ...pageFields, ...filterFields })
/** Which jobs a verb for many is for. The verb says which states it reaches; a filter by state would follow jobs that change theirs. */
export const sweepQuerySchema = z.strictObject({ ...filterFields, batch }).omit({ state: true })

export const jobsQuerySchema = z.strictObject({ ...pageFields, ...filterFields, batch })

function labelOf(text: string): { key: string; value: string | null } {
  const at = text.indexOf('=')
  return at === -1 ? { key: text, value: null } : { key: text.slice(0, at), value: text.slice(at + 1) }
}

type PageQuery = z.infer<typeof pageQuerySchema>
type FilterQuery = Partial<Omit<z.infer<typeof jobsQuerySchema>, 'limit' | 'cursor'>>

export const pageRequestOf = ({ limit, cursor }: PageQuery): PageRequest => ({ limit, cursor: cursor ?? null })

export const jobFilterOf = ({ state, bucket, batch, label, source }: FilterQuery): JobFilter => ({
  ...(state === undefined ? {} : { states: state }),
  ...(bucket === undefined ? {} : { bucket }),
  ...(batch === undefined ? {} : { batchId: batch }),
  ...(label === undefined ? {} : { labels: label }),
  ...(source === undefined ? {} : { source }),
})

/** Ids that may repeat or hold commas. */
export const idList = (most: number) =>
  repeatable
    .transform((value) => asArray(value).flatMap((text) => text.split(',')))
    .pipe(z.array(z.string().min(1).max(100)).max(most))
    .meta({ type: 'array', items: { type: 'string' }, maxItems: most, description: 'May repeat or hold commas.' })

export const webhooksQuerySchema = z.strictObject({
  ...pageFields,
  job: z.string().min(1).max(100).optional().describe('Of one job only.'),
  state: z.enum(webhookStates).optional(),
})

export const longestWaitMs = 55_000

/**
 * Every duration that the settings take, in milliseconds. A longer one than 55 s is clamped, so that proxies do not cut
 * the answer off.
 */
export const waitMs = z
  .string()
  .transform((text, context) => {
    const ms = parseDurationMs(text)
    if (ms !== null) return Math.min(ms, longestWaitMs)
    context.addIssue({ code: 'custom', message: 'must be a duration like 30, 250ms, 30s, 5m or 1h' })
    return z.NEVER
  })
  .describe(
    'Answer when the job is settled, at the latest after this duration: `30`, `250ms`, `30s`, `5m`, `1h`. ' +
      'A longer one counts as 55 s.',
  )

export const jobQuerySchema = z.strictObject({ wait: waitMs.optional() })

const after = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .describe('Event id after which to go on, or `oldest` for all that is kept; Last-Event-ID wins.')

export const jobEventsQuerySchema = z.strictObject({ after })
export const eventsQuerySchema = z.strictObject({
  job: z.string().min(1).max(100).optional().describe('Events of one job only.'),
  batch: batch.describe('Events of one batch and its jobs only.'),
  label: filterFields.label,
  after,
})

export const idParamsSchema = z.object({ id: z.string().max(1024) })
export const noQuerySchema = z.strictObject({})
