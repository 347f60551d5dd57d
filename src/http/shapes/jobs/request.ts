import { z } from 'zod'
import { isOff, parseRate, rateProblem } from '../../../core/bandwidth.js'
import { ifExistsPolicies, type JobChanges, sourceChangePolicies } from '../../../core/job.js'
import { headerProblems } from '../../../core/object-headers.js'
import { bucketProblem, keyProblem, pathProblem } from '../../../core/object-key.js'
import { maxPartSize, maxThreshold, minPartSize, minThreshold } from '../../../core/plan.js'
import type { SubmitRequest } from '../../../engine/use-cases/jobs.js'
import { askedInstant, ruled } from '../fields.js'
import { subscriptionSchema } from '../webhooks.js'
import { callbackSchema } from './callback.js'

const maxCrc64 = 2n ** 64n - 1n
const crc64Problem = (text: string): string | null =>
  /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) <= maxCrc64
    ? null
    : 'must be a decimal string from 0 to 18446744073709551615'

/** Returns the number of characters as JSON Schema counts them: code points, not UTF-16 units. */
const lengthOf = (text: string): number => [...text].length

const maxLabels = 16
const maxLabelKey = 63
const maxLabelValue = 255

const labelProblem = (key: string, value: string): string | null => {
  const length = lengthOf(key)
  if (length < 1 || length > maxLabelKey) return `must have a name of 1 to ${maxLabelKey} characters`
  // A filter like `label=k=v` splits at the first `=`.
  if (key.includes('=')) return 'must not have = in its name'
  return lengthOf(value) > maxLabelValue ? `must be at most ${maxLabelValue} characters` : null
}

const labels = z
  .record(z.string(), z.string())
  .superRefine((record, context) => {
    const entries = Object.entries(record)
    if (entries.length > maxLabels) context.addIssue({ code: 'custom', message: `must be at most ${maxLabels} labels` })
    for (const [key, value] of entries) {
      const message = labelProblem(key, value)
      if (message !== null) context.addIssue({ code: 'custom', path: [key], message })
    }
  })
  .meta({ maxProperties: maxLabels, description: 'At most 16; names 1 to 63, values up to 255 characters.' })

const headers = z.record(z.string(), z.string()).superRefine((record, context) => {
  for (const { name, message } of headerProblems(record)) context.addIssue({ code: 'custom', path: [name], message })
})

const bytes = (min: number, max: number) => z.int().min(min).max(max)

const parallel = z.int().min(1).max(64).describe('Parts of this job in flight at once.').optional()
const bandwidth = ruled((text) => (isOff(text) ? null : rateProblem(text)))
  .nullable()
  .meta({
    description: 'The most that this job may send per second, from 1KiB on; off or null: no limit of its own.',
    examples: ['20MiB'],
  })
const priority = z.int().min(-100).max(100).describe('Higher goes first; 0 by default.').optional()

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

/** What a request may ask for a job, and a batch for each of its jobs. */
export const jobOptionFields = {
  partSize: bytes(minPartSize, maxPartSize)
    .describe('Preferred bytes per part; doubled until the file fits 10,000 parts.')
    .optional(),
  multipartThreshold: bytes(minThreshold, maxThreshold)
    .describe('Files of at least so many bytes go in parts, smaller ones in one request.')
    .optional(),
  parallel,
  bandwidth: bandwidth.optional(),
  sequential: z.boolean().describe("OSS's sequential mode: parts in order, one at a time.").optional(),
  headers: headers
    .describe(
      'Headers of the object: storage class, encryption, ACL, tagging, metadata, Cache-Control and so on, checked by the rules of OSS. Content-Type is guessed from the key when absent.',
    )
    .optional(),
  ifExists: z.enum(ifExistsPolicies).describe('What to do when the object exists; overwrite by default.').optional(),
  priority,
  labels: labels.optional(),
  notBefore: askedInstant.nullable().describe('The job waits until then.').optional(),
  notAfter: askedInstant.nullable().describe('The job fails with `deadline` when it is not done by then.').optional(),
  onSourceChange: z
    .enum(sourceChangePolicies)
    .describe('fail (default), or restart at most three times when the source changes.')
    .optional(),
  deleteSource: z
    .boolean()
    .describe(
      'Delete the source once the object is proven, if it is still the very file that was read. `sourceRemoval` tells; what keeps it never fails the job.',
    )
    .optional(),
  callback: callbackSchema
    .nullable()
    .describe(
      'Whom OSS calls when the object is there. When the call fails the job fails with `callback_failed`, and has its receipt.',
    )
    .optional(),
  webhook: subscriptionSchema.nullable().describe('Who receives news of the job, by Standard Webhooks.').optional(),
}

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
