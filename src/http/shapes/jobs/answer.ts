import { z } from 'zod'
import { jobErrorCodes } from '../../../core/failure.js'
import { jobStates, outcomes, proofs, removalOutcomes, uploadModes, waitingReasons } from '../../../core/job.js'
import type { JobAnswer, JobView } from '../../../core/job-view.js'
import { example } from '../examples.js'
import { crc64, instant, page, size } from '../fields.js'
import { exampleOptions, optionsSchema } from './options.js'

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
  node: null,
  place: 'uploader-1',
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
  runs: size.describe('How many runs the job has had.'),
  createdAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable().describe('Set when the job is settled: completed, failed or cancelled.'),
  notBefore: instant.nullable().describe('What the job was asked to wait for, also when it has passed.'),
  version: z.int().min(1).describe('Grows with every change by PATCH: the ETag is `"v<version>"`.'),
}

export const jobSchema = z
  .object({
    ...jobFields,
    options: optionsSchema,
    node: z.string().nullable().describe('The node that works on the job at this moment.'),
    place: z.string().nullable().describe('The node that sees the source; null: any node does.'),
  })
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

export const jobPageSchema = page(jobSchema)
export const partPageSchema = page(partSchema)

/** One JSON object per line. */
export const jobLinesSchema = z.string().describe('NDJSON: every line is a Job.')

const { options: _options, node: _node, place: _place, ...eventJob } = exampleJob
/** As events and messages show it. */
export const exampleEventJob: JobView = eventJob

example(jobPageSchema, { items: [exampleJob], nextCursor: null })
example(jobLinesSchema, `${JSON.stringify(exampleJob)}\n`)
example(partPageSchema, {
  items: [
    {
      partNumber: 1,
      offset: 0,
      size: 10485760,
      state: 'uploaded',
      etag: 'B37D1C6E6C4C9D0E1F2A3B4C5D6E7F80',
      crc64: '11051210869376104954',
      attempts: 1,
      uploadedAt: '2026-01-01T00:00:02.000Z',
    },
  ],
  nextCursor: null,
})
