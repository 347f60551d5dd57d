import { z } from 'zod'
import { appErrorCodes } from '../../core/app-error.js'
import { scopes } from '../../core/caller.js'
import { eventTypes } from '../../core/event.js'
import { jobErrorCodes } from '../../core/failure.js'
import { jobStates, outcomes, proofs, removalOutcomes, uploadModes, waitingReasons } from '../../core/job.js'
import type { JobAnswer } from '../../core/job-view.js'
import { webhookStates } from '../../core/webhook.js'
import { uploadOwners } from '../../engine/use-cases/orphan-view.js'
import { abortResults } from '../../engine/use-cases/orphans.js'
import { batchProblemSchema, batchSchema, eventBatchSchema, plannedFileSchema } from './batch-answers.js'
import { exampleOptions, optionsSchema } from './options-answer.js'
import { toldTypes } from './webhook-request.js'

/**
 * Shapes of the answers, for the OpenAPI document. A test has the compiler compare them with the views' own types, so
 * answers need no validation at run time: the views are built field by field.
 */
const instant = z.string().meta({ format: 'date-time' })
const size = z.int().min(0)
const crc64 = z.string().describe('CRC-64/XZ, decimal.')

export const progressSchema = z.object({
  bytesTotal: size,
  bytesUploaded: size.describe('Bytes that OSS has acknowledged.'),
  bytesInFlight: size,
  partsTotal: size.nullable(),
  partsUploaded: size,
  bytesPerSecond: z.number().min(0).nullable(),
  etaSeconds: z.number().min(0).nullable(),
})

const exampleJob: JobAnswer = {
  id: '0199c3f2a1b47c3e9d5f0a6b7c8d9e0f',
  state: 'completed',
  waiting: null,
  source: { path: '/srv/in/a.bin', size: 104857600 },
  target: { bucket: 'media', key: 'dir/a.bin' },
  batchId: null,
  priority: 0,
  parallel: 4,
  bandwidth: null,
  labels: { run: '42' },
  upload: { mode: 'multipart', uploadId: '0004B9894A22E5B1888A1E29F8236E2D', partSize: 10485760, partCount: 10 },
  outcome: 'uploaded',
  progress: {
    bytesTotal: 104857600,
    bytesUploaded: 104857600,
    bytesInFlight: 0,
    partsTotal: 10,
    partsUploaded: 10,
    bytesPerSecond: null,
    etaSeconds: null,
  },
  receipt: {
    size: 104857600,
    crc64: '11051210869376104954',
    serverCrc64: '11051210869376104954',
    proof: 'object',
    etag: 'B37D1C6E6C4C9D0E1F2A3B4C5D6E7F80-10',
    versionId: null,
    requestId: '5C3D9175B6FC201293AD4890',
    completedAt: '2026-01-01T00:00:09.120Z',
  },
  sourceRemoval: null,
  error: null,
  leftover: null,
  attempts: 0,
  runs: 1,
  createdAt: '2026-01-01T00:00:07.000Z',
  startedAt: '2026-01-01T00:00:07.004Z',
  finishedAt: '2026-01-01T00:00:09.121Z',
  notBefore: null,
  version: 1,
  options: exampleOptions,
}

const jobFields = {
  id: z.string(),
  state: z.enum(jobStates),
  waiting: z.enum(waitingReasons).nullable().describe('Why an unsettled job is not moving.'),
  source: z.object({ path: z.string(), size }),
  target: z.object({ bucket: z.string(), key: z.string() }),
  batchId: z.string().nullable(),
  priority: z.int(),
  parallel: z.int().min(1).describe('Parts in flight at once.'),
  bandwidth: size.nullable().describe('Bytes per second that the job may send by itself; null: no limit of its own.'),
  labels: z.record(z.string(), z.string()),
  upload: z.object({
    mode: z.enum(uploadModes).nullable().describe('Null before the start.'),
    uploadId: z.string().nullable(),
    partSize: size.nullable(),
    partCount: size.nullable(),
  }),
  outcome: z.enum(outcomes).nullable(),
  progress: progressSchema,
  receipt: z
    .object({
      size,
      crc64,
      serverCrc64: crc64.nullable().describe("OSS's CRC-64 of the whole object."),
      proof: z.enum(proofs),
      etag: z.string(),
      versionId: z.string().nullable(),
      requestId: z.string().nullable(),
      completedAt: instant,
    })
    .nullable()
    .describe('The proof of a completed job.'),
  sourceRemoval: z
    .object({
      state: z.enum(removalOutcomes),
      note: z.string().nullable().describe('Why the source was kept.'),
    })
    .nullable()
    .describe('What became of the source of a job with `deleteSource`; null before, and without.'),
  error: z
    .object({
      code: z.enum(jobErrorCodes),
      message: z.string(),
      ossCode: z.string().nullable(),
      requestId: z.string().nullable(),
    })
    .nullable()
    .describe('Why the job failed; of one that is cancelling, what OSS says against the removal of its upload.'),
  leftover: z
    .object({ uploadId: z.string(), reason: z.string().describe('What OSS said.') })
    .nullable()
    .describe(
      'The upload of a cancelled job that OSS refused to remove: listed as an orphan, and removed once that is allowed. Null when nothing is left.',
    ),
  attempts: size.describe('Charged tries since the last retry.'),
  runs: size.describe('How often the job was taken up.'),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable().describe('Set when the job is settled: completed, failed or cancelled.'),
  notBefore: instant.nullable().describe('What the job was asked to wait for, also when it has passed.'),
  version: z.int().min(1).describe('Grows with every change by PATCH: the ETag is `"v<version>"`.'),
}

export const jobSchema = z
  .object({ ...jobFields, options: optionsSchema })
  .meta({ description: 'One source on its way to one object.', examples: [exampleJob] })

/** A job as events show it: without its options. */
export const eventJobSchema = z.object(jobFields).describe('A job as it was then, without its options.')

export const partSchema = z.object({
  partNumber: z.int().min(1),
  offset: size,
  size,
  state: z.enum(['pending', 'uploaded', 'uploading']),
  etag: z.string().nullable(),
  crc64: crc64.nullable(),
  attempts: size.describe('Tries that this part took; 0 when it was found in OSS.'),
  uploadedAt: instant.nullable(),
})

const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item).readonly(), nextCursor: z.string().nullable().describe('Null at the end.') })

export const jobPageSchema = page(jobSchema)
export const batchPageSchema = page(batchSchema)
export const batchProblemPageSchema = page(batchProblemSchema)
export const plannedFilePageSchema = page(plannedFileSchema)
export const partPageSchema = page(partSchema)

export const eventSchema = z
  .object({
    id: z.string().describe('Opaque; what Last-Event-ID takes.'),
    type: z.enum(eventTypes),
    at: instant,
    jobId: z.string().nullable().describe('Null for batch.completed and batch.deleted.'),
    batchId: z.string().nullable(),
    by: z.string().optional().describe('The name of the token whose request it was.'),
    job: eventJobSchema.optional(),
    part: partSchema.optional(),
    batch: eventBatchSchema.optional(),
  })
  .describe(
    '`data:` of a stored event: `job` as it was then, `part` for part.uploaded, `batch` for batch.completed (settled, however it ended) and batch.deleted.',
  )

export const jobProgressSchema = z
  .object({ jobId: z.string(), progress: progressSchema })
  .describe('`data:` of job.progress, which has no id and is never stored.')

export const streamReadySchema = z
  .object({ id: z.string(), type: z.literal('ready'), at: instant })
  .describe(
    '`data:` of ready, the first event of a stream without a cursor; its id is the place where the stream begins.',
  )

export const streamResetSchema = z
  .object({ type: z.literal('reset'), lastId: z.string() })
  .describe('`data:` of reset, the first event of a stream whose cursor is no longer kept: read what you show anew.')

/** What `data:` of a stream holds. */
export const streamDataSchema = z.union([eventSchema, jobProgressSchema, streamReadySchema, streamResetSchema])

export const webhookMessageSchema = z
  .object({
    type: z.enum(toldTypes),
    timestamp: instant.describe('When it happened.'),
    data: z.object({ job: eventJobSchema }),
  })
  .describe('What is sent to the `webhook` of a job.')

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

export const webhookSchema = z
  .object({
    id: z.string().describe('Of the event that it tells; its `webhook-id` at every try.'),
    jobId: z.string(),
    type: z.string(),
    url: z.string().describe('Without its query.'),
    state: z.enum(webhookStates),
    attempts: size.describe('Tries so far, since it was last asked for.'),
    createdAt: instant,
    nextAttemptAt: instant.nullable().describe('Set while it is pending.'),
    lastAttempt: z
      .object({
        at: instant,
        status: z.int().nullable().describe('HTTP status; null when there was no answer.'),
        reason: z.string().nullable().describe('Why it failed.'),
      })
      .nullable(),
  })
  .describe('A message to a receiver of webhooks.')

export const webhookPageSchema = page(webhookSchema)

export const waitSchema = z.object({ pending: size, completed: size, failed: size, cancelled: size }).meta({
  description: 'How many jobs that match are not settled, and how the others ended.',
  examples: [{ pending: 0, completed: 41, failed: 1, cancelled: 0 }],
})

export const sessionSchema = z
  .object({
    name: z.string().nullable().describe('What events call the holder of the token; null where none is needed.'),
    scope: z.enum(scopes),
  })
  .meta({ description: 'Whose token the cookie stands for.', examples: [{ name: 'ops', scope: 'admin' }] })

export const versionSchema = z.object({ version: z.string(), commit: z.string().nullable() })

const checkSchema = z.object({ ok: z.boolean(), code: z.enum(appErrorCodes).optional() })
const checks = z.record(z.string(), checkSchema).describe('What was looked at, by name.')

/** One thing that a probe looked at; `code` says why it is not ok. */
export type Check = z.infer<typeof checkSchema>

export const probeSchema = z.object({ status: z.literal('ok'), checks })

const problemFields = {
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What happened and what to do, for people.'),
  code: z.enum(appErrorCodes).describe('Stable; what programs go by.'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .readonly()
    .optional()
    .describe('The offending fields.'),
  jobId: z.string().optional().describe('The job that stands in the way (target_busy).'),
}

export const problemSchema = z.object(problemFields).meta({
  description: 'RFC 9457 problem details.',
  examples: [
    {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'source.path must be an absolute path.',
      code: 'invalid_request',
      errors: [{ path: 'source.path', message: 'must be an absolute path' }],
    },
  ],
})

export const probeProblemSchema = z
  .object({ ...problemFields, checks })
  .describe('A probe that fails: problem details with what was looked at.')
