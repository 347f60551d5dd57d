import { z } from 'zod'
import type { JobFilter } from '../../ports/store.js'
import { instant } from './job-request.js'
import { idList, jobFilterOf, jobsQuerySchema, longestWaitMs, waitMs } from './query.js'

const defaultWaitSeconds = 30

/** One answer of `GET /v1/wait` looks at each of them. */
const maxIds = 500

export const waitQuerySchema = z.strictObject({
  job: idList(maxIds).optional(),
  batch: jobsQuerySchema.shape.batch,
  label: jobsQuerySchema.shape.label,
  since: instant.describe('Only jobs that were made at this instant or later.').optional(),
  timeout: waitMs.default(defaultWaitSeconds * 1000).meta({
    type: 'string',
    default: `${defaultWaitSeconds}s`,
    description: 'How long to wait: `30`, `250ms`, `30s`, `5m`, `1h`. A longer duration counts as 55 s.',
  }),
})

/** A number of any size is taken, and waited for no longer than proxies let answers take. */
export const drainRequestSchema = z
  .strictObject({
    timeoutSeconds: z
      .number()
      .min(0)
      .transform((seconds) => Math.min(seconds, longestWaitMs / 1000))
      .default(defaultWaitSeconds)
      .meta({ type: 'number', minimum: 0, default: defaultWaitSeconds, description: 'How long to wait; at most 55.' }),
  })
  .nullish()
  .transform((body) => body ?? { timeoutSeconds: defaultWaitSeconds })
  .meta({ description: 'How long a drain is waited for.', examples: [{ timeoutSeconds: 30 }] })

export const waitFilterOf = ({ job, batch, label, since }: z.infer<typeof waitQuerySchema>): JobFilter => ({
  ...jobFilterOf({ batch, label }),
  ...(since === undefined ? {} : { since }),
  ...(job === undefined ? {} : { ids: job }),
})
