import { z } from 'zod'
import { jobStates } from '../../core/job.js'
import { bucketProblem } from '../../core/object-key.js'
import { uploadOwners } from '../../engine/use-cases/orphan-view.js'
import { abortResults } from '../../engine/use-cases/orphans.js'
import { example } from './examples.js'
import { instant, page, ruled, size } from './fields.js'
import { pageFields } from './query.js'

/** A request names so many uploads at the most: each takes a few requests to OSS, and clients do not wait long for an answer. */
const maxUploads = 100

const payer = z
  .literal('requester')
  .optional()
  .describe('Pay for the requests to OSS, as buckets whose owner does not want to pay ask for.')

export const orphansQuerySchema = z.strictObject({
  ...pageFields,
  // The cursor holds a key, which may be long.
  cursor: z.string().min(1).max(8192).optional().describe('`nextCursor` of the page before.'),
  bucket: ruled(bucketProblem).optional(),
  payer,
})

/** The body of POST /v1/orphans/abort. Others chose the keys, so our rules for keys do not apply to them. */
export const abortRequestSchema = z
  .strictObject({
    uploads: z
      .array(
        z.strictObject({
          bucket: ruled(bucketProblem),
          key: z.string().min(1).max(1023),
          uploadId: z.string().min(1).max(256),
        }),
      )
      .min(1)
      .max(maxUploads)
      .describe('As GET /v1/orphans shows them.'),
    force: z.boolean().default(false).describe('Also remove uploads that no job of this daemon has.'),
    payer,
  })
  .meta({
    description: 'Uploads to remove from OSS.',
    examples: [
      { uploads: [{ bucket: 'media', key: 'dir/a.bin', uploadId: '0004B9894A22E5B1888A1E29F8236E2D' }], force: false },
    ],
  })

const uploadFields = { bucket: z.string(), key: z.string(), uploadId: z.string() }

export const orphanSchema = z
  .object({
    ...uploadFields,
    owner: z
      .enum(uploadOwners)
      .describe(
        'ours: of a job of this daemon; possible: one of our requests to begin it may have gone unanswered; unknown: all else.',
      ),
    jobId: z.string().nullable().describe('The job that it belongs to, or may have come from.'),
    jobState: z.enum(jobStates).nullable().describe('Of the job that has this upload.'),
    initiatedAt: instant,
    ageSeconds: size,
    bytes: size.nullable().describe('Held by OSS; null when they were not counted.'),
  })
  .describe('A multipart upload that is open in OSS.')

export const orphanPageSchema = page(orphanSchema)

export const abortAnswersSchema = z.object({
  items: z
    .array(
      z.object({
        ...uploadFields,
        result: z
          .enum(abortResults)
          .describe('gone: OSS did not know it any more; failed: OSS did not do it, try again.'),
        reason: z.string().nullable().describe('Why it was refused or failed.'),
      }),
    )
    .readonly(),
})

const upload = { bucket: 'media', key: 'dir/a.bin', uploadId: '0004B9894A22E5B1888A1E29F8236E2D' }

example(abortAnswersSchema, { items: [{ ...upload, result: 'aborted', reason: null }] })
example(orphanPageSchema, {
  items: [
    {
      ...upload,
      owner: 'ours',
      jobId: '0199c3f2a1b47c3e9d5f0a6b7c8d9e0f',
      jobState: 'failed',
      initiatedAt: '2026-01-01T00:00:00.000Z',
      ageSeconds: 86400,
      bytes: 52428800,
    },
  ],
  nextCursor: null,
})
