import { z } from 'zod'
import { jobStates } from '../../../core/job.js'
import type { JobFilter } from '../../../core/job-filter.js'
import { commaList, pageFields, repeatable, waitMs } from '../query.js'

const labelOf = (text: string): { key: string; value: string | null } => {
  const at = text.indexOf('=')
  return at === -1 ? { key: text, value: null } : { key: text.slice(0, at), value: text.slice(at + 1) }
}

/** Labels that must all match. */
export const labelFilter = repeatable
  .transform((texts) => texts.map(labelOf))
  .pipe(z.array(z.object({ key: z.string().min(1).max(63), value: z.string().max(255).nullable() })).max(16))
  .optional()
  .meta({
    type: 'array',
    items: { type: 'string' },
    description: '`k=v`, or a bare `k` for any value. May repeat; all must match.',
  })

export const batchFilter = z.string().min(1).max(100).optional().describe('Only of this batch.')

const filterFields = {
  state: commaList
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
  label: labelFilter,
}

export const batchJobsQuerySchema = z.strictObject({ ...pageFields, ...filterFields })

/** Which jobs a verb for many is for. */
export const verbQuerySchema = z.strictObject({ ...filterFields, batch: batchFilter })

export const jobsQuerySchema = z.strictObject({ ...pageFields, ...filterFields, batch: batchFilter })

export const jobQuerySchema = z.strictObject({ wait: waitMs.optional() })

type FilterQuery = Partial<Omit<z.infer<typeof jobsQuerySchema>, 'limit' | 'cursor'>>

export const jobFilterOf = ({ state, bucket, batch, label, source }: FilterQuery): JobFilter => ({
  ...(state === undefined ? {} : { states: state }),
  ...(bucket === undefined ? {} : { bucket }),
  ...(batch === undefined ? {} : { batchId: batch }),
  ...(label === undefined ? {} : { labels: label }),
  ...(source === undefined ? {} : { source }),
})
