import { z } from 'zod'
import { callbackBodyTypes } from '../../../core/callback.js'
import { ifExistsPolicies, sourceChangePolicies } from '../../../core/job.js'
import type { BatchOptionsView, OptionsView } from '../../../core/options-view.js'
import { instant, size } from '../fields.js'

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
