import { z } from 'zod'
import { titled } from '../server/problem.js'
import {
  abortAnswersSchema,
  batchPageSchema,
  batchProblemPageSchema,
  eventSchema,
  jobPageSchema,
  jobSchema,
  orphanPageSchema,
  partPageSchema,
  plannedFilePageSchema,
  probeProblemSchema,
  probeSchema,
  versionSchema,
  webhookMessageSchema,
  webhookPageSchema,
  webhookSchema,
} from '../shapes/answers.js'
import { batchSchema } from '../shapes/batch-answers.js'

/** The example that a schema has of its own. */
const ownExample = (schema: z.ZodType): unknown =>
  (z.globalRegistry.get(schema)?.['examples'] as readonly unknown[] | undefined)?.[0]

const jobId = '0199c3f2a1b47c3e9d5f0a6b7c8d9e0f'
const upload = { bucket: 'media', key: 'dir/a.bin', uploadId: '0004B9894A22E5B1888A1E29F8236E2D' }
const path = '/srv/in/out/secret.mp4'
const example = <T extends z.ZodType>(schema: T, value: z.output<T>): readonly [z.ZodType, unknown] => [schema, value]
const page = (schema: z.ZodType, ...items: readonly unknown[]): readonly [z.ZodType, unknown] => [
  schema,
  { items, nextCursor: null },
]

const webhook = {
  id: '5f0a6b7c-42',
  jobId,
  type: 'job.completed' as const,
  url: 'https://hooks.example.com/uploads',
  state: 'pending',
  attempts: 1,
  createdAt: '2026-01-01T00:00:09.120Z',
  nextAttemptAt: '2026-01-01T00:00:14.120Z',
  lastAttempt: { at: '2026-01-01T00:00:09.300Z', status: 503, reason: 'answered 503' },
} satisfies z.output<typeof webhookSchema>

const job = ownExample(jobSchema) as z.output<typeof jobSchema>
/** As events and messages show it. */
const { options: _options, ...eventJob } = job
const event = {
  id: webhook.id,
  type: 'job.completed',
  at: webhook.createdAt,
  jobId,
  batchId: null,
  job: eventJob,
} as const

const ok = { ok: true }

/** Examples of answers that have none of their own; a test holds each against its schema. */
export const answerExamples: ReadonlyMap<z.ZodType, unknown> = new Map<z.ZodType, unknown>([
  example(eventSchema, event),
  example(webhookSchema, webhook),
  example(webhookMessageSchema, { type: webhook.type, timestamp: webhook.createdAt, data: { job: eventJob } }),
  example(versionSchema, { version: '1.0.0', commit: '73ed9c9' }),
  example(probeSchema, { status: 'ok', checks: { accepting: ok, store: ok } }),
  example(probeProblemSchema, {
    ...titled(503, 'draining', 'The daemon is draining and takes no new jobs.'),
    checks: { accepting: { ok: false, code: 'draining' }, store: ok },
  }),
  example(abortAnswersSchema, { items: [{ ...upload, result: 'aborted', reason: null }] }),
  page(jobPageSchema, job),
  page(batchPageSchema, ownExample(batchSchema)),
  page(batchProblemPageSchema, { path, code: 'source_unavailable', message: 'The file cannot be read.', jobId: null }),
  page(plannedFilePageSchema, { path: '/srv/in/out/a.mp4', key: 'out/a.mp4', size: 104857600 }),
  page(webhookPageSchema, webhook),
  page(partPageSchema, {
    partNumber: 1,
    offset: 0,
    size: 10485760,
    state: 'uploaded',
    etag: 'B37D1C6E6C4C9D0E1F2A3B4C5D6E7F80',
    crc64: '11051210869376104954',
    attempts: 1,
    uploadedAt: '2026-01-01T00:00:02.000Z',
  }),
  page(orphanPageSchema, {
    ...upload,
    owner: 'ours',
    jobId,
    jobState: 'failed',
    initiatedAt: '2026-01-01T00:00:00.000Z',
    ageSeconds: 86400,
    bytes: 52428800,
  }),
])

/** Undefined when there is none. */
export const exampleOf = (schema: z.ZodType): unknown => answerExamples.get(schema) ?? ownExample(schema)

/** Of a stream. */
export const eventStreamExample = [
  'retry: 2000\n\n',
  `event: job.progress\ndata: ${JSON.stringify({ jobId, progress: job.progress })}\n\n`,
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
].join('')

/** Of NDJSON. */
export const jobLinesExample = `${JSON.stringify(job)}\n`

/** Of `/metrics`. */
export const metricsTextExample =
  '# HELP longshore_jobs Stored jobs by state.\n# TYPE longshore_jobs gauge\nlongshore_jobs{state="running"} 9\n'
