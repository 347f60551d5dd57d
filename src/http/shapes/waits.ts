import { z } from 'zod'
import { parseDurationMs } from '../../core/units.js'
import type { Since, WaitFilter } from '../../engine/use-cases/waits.js'
import { askedInstant, size } from './fields.js'
import { batchFilter, labelFilter } from './jobs/query.js'
import { idList, longestWaitMs, waitMs } from './query.js'

const defaultWaitSeconds = 30

/** A request names so many jobs at the most, because one answer of `GET /v1/wait` looks at each of them. */
const maxIds = 500

/** No job is older than this. */
const longestAgoMs = 100 * 365 * 86_400_000

const since = z
  .string()
  .max(64)
  .transform((text, context): Since => {
    const agoMs = parseDurationMs(text)
    if (agoMs !== null) return { agoMs: Math.min(agoMs, longestAgoMs) }
    const at = askedInstant.safeParse(text)
    if (at.success) return { at: at.data }
    context.addIssue({ code: 'custom', message: 'must be an instant like 2026-01-01T00:00:00Z, or a duration like 1h' })
    return z.NEVER
  })

const sinceText = 'An instant, or a duration before now: `2026-01-01T00:00:00Z`, `1h`.'

export const waitQuerySchema = z.strictObject({
  job: idList(maxIds).optional(),
  batch: batchFilter,
  label: labelFilter,
  since: since.optional().meta({
    type: 'string',
    description: `${sinceText} With another filter: only jobs that were made since then. Without one: counts also what has settled since then.`,
  }),
  timeout: waitMs.default(defaultWaitSeconds * 1000).meta({
    type: 'string',
    default: `${defaultWaitSeconds}s`,
    description: 'How long to wait: `30`, `250ms`, `30s`, `5m`, `1h`. A longer duration counts as 55 s.',
  }),
})

export const drainQuerySchema = waitQuerySchema.pick({ since: true })

/** The body of POST /v1/drain. It takes a number of any size, and waits no longer than proxies let answers take. */
export const drainRequestSchema = z
  .strictObject({
    timeoutSeconds: z
      .number()
      .min(0)
      .transform((seconds) => Math.min(seconds, longestWaitMs / 1000))
      .default(defaultWaitSeconds)
      .meta({ type: 'number', minimum: 0, default: defaultWaitSeconds, description: 'How long to wait; at most 55.' }),
    since: since.optional().meta({
      type: 'string',
      description: `${sinceText} Counts also what has settled since then.`,
    }),
  })
  .nullish()
  .transform(
    (body): { timeoutSeconds: number; since?: Since | undefined } => body ?? { timeoutSeconds: defaultWaitSeconds },
  )
  .meta({ description: 'How long a drain is waited for, and what it counts.', examples: [{ timeoutSeconds: 30 }] })

export const waitFilterOf = ({ job, batch, label, since }: z.infer<typeof waitQuerySchema>): WaitFilter => ({
  ...(batch === undefined ? {} : { batchId: batch }),
  ...(label === undefined ? {} : { labels: label }),
  ...(since === undefined ? {} : { since }),
  ...(job === undefined ? {} : { ids: job }),
})

export const waitSchema = z.object({ pending: size, completed: size, failed: size, cancelled: size }).meta({
  description: 'How many jobs that match are not settled, and how the others ended.',
  examples: [{ pending: 0, completed: 41, failed: 1, cancelled: 0 }],
})
