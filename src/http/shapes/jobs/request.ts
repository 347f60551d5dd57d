import { z } from 'zod'
import { parseRate } from '../../../core/bandwidth.js'
import type { JobChanges } from '../../../core/job.js'
import { bucketProblem, keyProblem, pathProblem } from '../../../core/object-key.js'
import type { SubmitRequest } from '../../../engine/use-cases/jobs.js'
import { askedInstant, ruled } from '../fields.js'
import { bandwidth, jobOptionFields, labels, parallel, priority } from './options.js'

const maxCrc64 = 2n ** 64n - 1n
const crc64Problem = (text: string): string | null =>
  /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) <= maxCrc64
    ? null
    : 'must be a decimal string from 0 to 18446744073709551615'

/** The body of PATCH /v1/jobs/:id. Its output is what the use case takes. */
export const jobChangesSchema = z
  .strictObject({
    priority,
    parallel,
    bandwidth: bandwidth.optional(),
    labels: labels.describe('Replace all that the job has.').optional(),
    notAfter: askedInstant
      .nullable()
      .describe(
        'The job fails with `deadline` when it is not done by then: at once when that has passed. Null: whenever it is done.',
      )
      .optional(),
  })
  .transform(({ bandwidth: asked, ...body }): JobChanges => {
    const given = Object.entries(body).filter(([, value]) => value !== undefined)
    if (asked === undefined) return Object.fromEntries(given)
    const rate = asked === null ? null : parseRate(asked)
    return Object.fromEntries([...given, ['bandwidth', rate], ...(rate === null ? [] : [['bandwidthAsked', asked]])])
  })
  .meta({
    description: 'What to change in a job; fields that are absent stay as they are. A running job follows at once.',
    examples: [
      { priority: 10, parallel: 8, bandwidth: '20MiB', labels: { run: '42' }, notAfter: '2026-01-02T00:00:00Z' },
    ],
  })

interface Times {
  readonly notBefore?: number | null | undefined
  readonly notAfter?: number | null | undefined
}

export const checkTimes = ({ notBefore, notAfter }: Times, context: z.RefinementCtx): void => {
  if (notBefore == null || notAfter == null || notAfter > notBefore) return
  context.addIssue({ code: 'custom', path: ['notAfter'], message: 'must be later than notBefore' })
}

/** The body of POST /v1/jobs. Its output is what the use case takes. */
export const jobRequestSchema = z
  .strictObject({
    source: z.strictObject({
      path: ruled(pathProblem).describe('Absolute path of a regular file below the source roots.'),
    }),
    target: z.strictObject({
      bucket: ruled(bucketProblem),
      key: ruled(keyProblem).describe('1 to 1023 bytes in UTF-8.'),
    }),
    ...jobOptionFields,
    crc64: ruled(crc64Problem).nullable().describe('CRC-64/XZ that the source must have, decimal.').optional(),
  })
  .superRefine(checkTimes)
  .meta({
    description: 'A request to bring one file to one object.',
    examples: [
      {
        source: { path: '/srv/in/a.bin' },
        target: { bucket: 'media', key: 'dir/a.bin' },
        headers: { 'Content-Type': 'video/mp4', 'x-oss-storage-class': 'IA' },
        labels: { run: '42' },
      },
    ],
  }) satisfies z.ZodType<SubmitRequest>
