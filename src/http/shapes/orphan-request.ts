import { z } from 'zod'
import { bucketProblem } from '../../core/object-key.js'
import { ruled } from './job-request.js'
import { pageQuerySchema } from './query.js'

/** One answer must come before clients lose patience, and each upload takes OSS a few requests. */
const maxUploads = 100

const payer = z
  .literal('requester')
  .optional()
  .describe('Pay for the requests to OSS, as buckets whose owner does not want to pay ask for.')

export const orphansQuerySchema = z.strictObject({
  ...pageQuerySchema.shape,
  // Holds a key, which may be long.
  cursor: z.string().min(1).max(8192).optional().describe('`nextCursor` of the page before.'),
  bucket: ruled(bucketProblem).optional(),
  payer,
})

/** The body of POST /v1/orphans/abort. Keys are whatever others chose, so no rule of ours applies to them. */
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
