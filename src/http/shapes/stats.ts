import { z } from 'zod'
import { breakerStates } from '../../core/breaker.js'
import { parseDurationMs } from '../../core/units.js'
import type { HistoryView, StatsView } from '../../engine/use-cases/overview.js'
import { instant, size } from './fields.js'

const stateCounts = z.object({
  queued: size,
  running: size,
  completing: size,
  paused: size,
  failed: size,
  cancelling: size,
  completed: size,
  cancelled: size,
})

const bytesPerSecond = z.number().min(0)
const seconds = z.number().min(0)

const exampleStats: StatsView = {
  jobs: { queued: 240, running: 9, completing: 1, paused: 0, failed: 2, cancelling: 0, completed: 5120, cancelled: 3 },
  bytesPending: 52428800000,
  bytesDue: 41943040000,
  waiting: { backoff: 1, endpoint: 0, credentials: 0, storage: 0, source: 0, notBefore: 12, node: 0 },
  queue: { oldestReadyAt: '2026-01-01T00:00:00.000Z', ageSeconds: 4.2 },
  webhooks: { pending: 1, delivered: 812, failed: 0, oldestPendingAt: '2026-01-01T00:00:03.500Z', ageSeconds: 0.7 },
  storage: { databaseBytes: 12582912, walBytes: 4152992 },
  runs: 10,
  draining: false,
  bytesPerSecond: 104857600,
  uploaded: { since: '2025-12-31T08:00:00.000Z', bytes: 940597837824, parts: 89203, objects: 1204 },
  slots: { inUse: 16, limit: 16 },
  endpoints: [
    { endpoint: 'https://oss-cn-hangzhou.aliyuncs.com', bucket: 'media', breaker: 'closed', inFlight: 16, limit: 16 },
  ],
  lanes: { inFlight: [8, 8], replaced: 0 },
  credentials: { available: true, expiresAt: '2026-01-01T01:00:00.000Z' },
}

export const statsSchema = z
  .object({
    jobs: stateCounts.describe('Stored jobs by state.'),
    bytesPending: size.describe("Unsettled jobs' bytes that OSS does not hold yet."),
    bytesDue: size.describe(
      'Of `bytesPending`, those of jobs that are to go now: neither paused nor cancelling, nor before their time.',
    ),
    waiting: z
      .object({
        backoff: size,
        endpoint: size,
        credentials: size,
        storage: size,
        source: size,
        notBefore: size,
        node: size.describe('Always 0, because it is not stored: the answer about a job says it.'),
      })
      .describe('Jobs that wait for an instant, by reason.'),
    queue: z
      .object({ oldestReadyAt: instant.nullable(), ageSeconds: seconds })
      .describe('Since when the oldest job that could be claimed has been ready; null and 0 when none is.'),
    webhooks: z
      .object({
        pending: size,
        delivered: size,
        failed: size,
        oldestPendingAt: instant.nullable(),
        ageSeconds: seconds,
      })
      .describe('Messages of the outbox, and how long the oldest pending one has been tried.'),
    storage: z
      .object({ databaseBytes: size, walBytes: size })
      .nullable()
      .describe('The database and its write-ahead log on disk.'),
    runs: size.describe('Jobs that a run is working on.'),
    draining: z.boolean().describe('New jobs are refused.'),
    bytesPerSecond: bytesPerSecond.describe('Handed to the network each second, over the last five.'),
    uploaded: z
      .object({ since: instant, bytes: size, parts: size, objects: size })
      .describe('What OSS acknowledged since this daemon started; `objects` went in one piece.'),
    slots: z.object({ inUse: size, limit: size }).describe('Parts and puts in flight, and how many may be.'),
    endpoints: z
      .array(
        z.object({
          endpoint: z.string(),
          bucket: z.string(),
          breaker: z
            .enum(breakerStates)
            .describe('open: nothing is sent until a probe is due; halfOpen: one is under way.'),
          inFlight: size,
          limit: size.describe('Parts and puts that may be in flight to it now.'),
        }),
      )
      .readonly()
      .describe('Each endpoint and bucket that was sent to.'),
    lanes: z
      .object({ inFlight: z.array(size).readonly(), replaced: size })
      .describe('What each thread that moves bytes has in flight; how many died.'),
    credentials: z
      .object({ available: z.boolean(), expiresAt: instant.nullable() })
      .describe('Whether there are keys to sign with; null when they name no expiry.'),
  })
  .meta({ description: 'How the daemon is doing.', examples: [exampleStats] })

const longestRangeMs = 3_600_000

export const historyQuerySchema = z.strictObject({
  range: z
    .string()
    .max(32)
    .transform((text, context) => {
      const ms = parseDurationMs(text)
      if (ms !== null && ms > 0) return Math.min(ms, longestRangeMs)
      context.addIssue({ code: 'custom', message: 'must be a duration like 90s, 5m or 1h' })
      return z.NEVER
    })
    .default(longestRangeMs)
    .meta({
      type: 'string',
      default: '1h',
      description: 'How far to look back: `90s`, `5m`; at most, and by default, `1h`.',
    }),
})

const exampleHistory: HistoryView = {
  stepSeconds: 10,
  items: [
    { at: '2026-01-01T00:00:00.000Z', bytesPerSecond: 0, filesPerSecond: 0, failed: 0 },
    { at: '2026-01-01T00:00:10.000Z', bytesPerSecond: 104857600, filesPerSecond: 1.5, failed: 1 },
  ],
}

export const historySchema = z
  .object({
    stepSeconds: z.int().min(1).describe('Length of a step: 1 s for ranges up to 6 minutes, 10 s for an hour.'),
    items: z
      .array(
        z.object({
          at: instant.describe('When the step began.'),
          bytesPerSecond: bytesPerSecond.describe('Handed to the network each second.'),
          filesPerSecond: z.number().min(0).describe('Jobs that completed each second.'),
          failed: size.describe('Jobs that failed within the step.'),
        }),
      )
      .readonly()
      .describe('Oldest first, none from before the daemon started. The last step is still under way.'),
  })
  .meta({ description: 'What went to OSS, step by step.', examples: [exampleHistory] })
