import { z } from 'zod'
import { isOff, rateProblem } from '../../../core/bandwidth.js'
import { callbackBodyTypes } from '../../../core/callback.js'
import {
  type BatchOptionsView,
  ifExistsPolicies,
  type OptionsView,
  sourceChangePolicies,
} from '../../../core/job-options.js'
import { headerProblems } from '../../../core/object-headers.js'
import { maxPartSize, maxThreshold, minPartSize, minThreshold } from '../../../core/plan.js'
import { askedInstant, instant, ruled, size } from '../fields.js'
import { callbackSchema } from './callback.js'
import { subscriptionSchema } from './subscription.js'

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

export const labels = z
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

export const parallel = z.int().min(1).max(64).describe('Parts of this job in flight at once.').optional()
export const bandwidth = ruled((text) => (isOff(text) ? null : rateProblem(text)))
  .nullable()
  .meta({
    description: 'The most that this job may send per second, from 1KiB on; off or null: no limit of its own.',
    examples: ['20MiB'],
  })
export const priority = z.int().min(-100).max(100).describe('Higher goes first; 0 by default.').optional()

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

/** What was asked for, as answers show it. */
export const batchOptionsSchema = z
  .object({
    headers: z.record(z.string(), z.string()),
    ifExists: z.enum(ifExistsPolicies),
    partSize: size,
    multipartThreshold: size,
    parallel: z.int().min(1),
    sequential: z.boolean(),
    onSourceChange: z.enum(sourceChangePolicies),
    notBefore: instant.nullable(),
    notAfter: instant.nullable(),
    bandwidth: z.string().nullable().describe('As it was asked for; null: no limit of its own.'),
    deleteSource: z.boolean(),
    callback: z
      .object({
        url: z.string(),
        host: z.string().nullable(),
        body: z.string(),
        bodyType: z.enum(callbackBodyTypes),
        vars: z.record(z.string(), z.string()),
      })
      .nullable(),
    webhook: z
      .object({
        url: z.string().describe('Without its query, which may be a secret.'),
        events: z.array(z.string()).readonly(),
      })
      .nullable(),
  })
  .describe('What was asked for, with every default resolved: it can be sent again in a request.')

export const optionsSchema = batchOptionsSchema
  .extend({ crc64: z.string().nullable() })
  .describe('What was asked for, with every default resolved: it can be sent again in a request.')

export const exampleBatchOptions: BatchOptionsView = {
  headers: { 'Content-Type': 'video/mp4' },
  ifExists: 'overwrite',
  partSize: 10485760,
  multipartThreshold: 10485760,
  parallel: 4,
  sequential: false,
  onSourceChange: 'fail',
  notBefore: null,
  notAfter: null,
  bandwidth: null,
  deleteSource: false,
  callback: null,
  webhook: null,
}

export const exampleOptions: OptionsView = { ...exampleBatchOptions, crc64: null }
