import type { JobError } from './failure.js'
import {
  type Job,
  type JobState,
  leftByCancel,
  type Outcome,
  type Proof,
  pathOf,
  type RemovalNote,
  sizeOf,
  type UploadMode,
  type Waiting,
} from './job.js'
import { type OptionsView, viewOptions } from './job-options.js'
import { removalNoteOf } from './removal.js'

/** The progress of a job. `bytesPerSecond` and `etaSeconds` are null when nothing moves. */
export interface ProgressView {
  readonly bytesTotal: number
  readonly bytesUploaded: number
  readonly bytesInFlight: number
  readonly partsTotal: number | null
  readonly partsUploaded: number
  readonly bytesPerSecond: number | null
  readonly etaSeconds: number | null
}

/** What only the running daemon knows of the progress of a job. */
export interface LiveProgress {
  readonly bytesInFlight: number
  readonly bytesPerSecond: number | null
  readonly etaSeconds: number | null
}

/**
 * A job as events and webhooks show it. Instants are ISO 8601 in UTC, sizes are bytes, and CRC-64 values are decimal
 * strings.
 */
export interface JobView {
  readonly id: string
  readonly state: JobState
  readonly waiting: Waiting | null
  readonly source: { readonly path: string; readonly size: number }
  readonly target: { readonly bucket: string; readonly key: string }
  readonly batchId: string | null
  readonly priority: number
  /** The number of parts that may be in flight at once. */
  readonly parallel: number
  /** The bytes per second that the job may send by itself. */
  readonly bandwidth: number | null
  readonly labels: Readonly<Record<string, string>>
  readonly upload: {
    readonly mode: UploadMode | null
    readonly uploadId: string | null
    readonly partSize: number | null
    readonly partCount: number | null
  }
  readonly outcome: Outcome | null
  readonly progress: ProgressView
  readonly receipt: {
    readonly size: number
    readonly crc64: string
    readonly serverCrc64: string | null
    readonly proof: Proof
    readonly etag: string
    readonly versionId: string | null
    readonly requestId: string | null
    readonly completedAt: string
  } | null
  /** What became of the source of a job with `deleteSource`. */
  readonly sourceRemoval: RemovalNote | null
  readonly error: JobError | null
  /** What a cancel had to leave in OSS, and why; null when nothing is left. */
  readonly leftover: { readonly uploadId: string; readonly reason: string } | null
  readonly attempts: number
  readonly runs: number
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly notBefore: string | null
  /** The version grows with every change by PATCH. It is the ETag. */
  readonly version: number
}

/**
 * A job as the API answers it. Events and webhooks leave the options out, because each of them would repeat what stays.
 */
export interface JobAnswer extends JobView {
  /** The node that works on the job. */
  readonly node: string | null
  /** The node that sees the source; null: any. */
  readonly place: string | null
  readonly options: OptionsView
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

const idle: LiveProgress = { bytesInFlight: 0, bytesPerSecond: null, etaSeconds: null }

/**
 * While OSS refuses a cancel, its refusal is what is wrong with the job. It does not hide why the job had failed
 * before.
 */
const errorOf = ({ state, error, refusal }: Job): JobError | null => {
  if (state !== 'cancelling' || refusal === null) return error
  return error === null
    ? refusal.error
    : { ...error, message: `${error.message}; its cancel: ${refusal.error.message}` }
}

const leftoverOf = (job: Job): JobView['leftover'] => {
  const uploadId = leftByCancel(job)
  return uploadId === null || job.refusal === null ? null : { uploadId, reason: job.refusal.error.message }
}

/**
 * Returns the job as the public sees it. The function is pure, so that stored events and live answers cannot drift
 * apart.
 */
export const viewJob = (job: Job, live: LiveProgress = idle): JobView => ({
  id: job.id,
  state: job.state,
  waiting: job.waiting,
  source: { path: pathOf(job), size: sizeOf(job) },
  target: { bucket: job.target.bucket, key: job.target.key },
  batchId: job.batchId,
  priority: job.priority,
  parallel: job.options.parallel,
  bandwidth: job.options.bandwidth ?? null,
  labels: job.labels,
  upload: {
    mode: job.upload?.mode ?? null,
    uploadId: job.upload?.uploadId ?? null,
    partSize: job.upload?.partSize ?? null,
    partCount: job.upload?.partCount ?? null,
  },
  outcome: job.outcome,
  progress: {
    bytesTotal: sizeOf(job),
    bytesUploaded: job.state === 'completed' ? sizeOf(job) : job.bytesUploaded,
    bytesInFlight: live.bytesInFlight,
    partsTotal: job.upload?.partCount ?? null,
    partsUploaded: job.partsUploaded,
    bytesPerSecond: live.bytesPerSecond,
    etaSeconds: live.etaSeconds,
  },
  receipt:
    job.receipt === null ? null : { ...job.receipt, completedAt: new Date(job.receipt.completedAt).toISOString() },
  sourceRemoval: removalNoteOf(job.removal),
  error: errorOf(job),
  leftover: leftoverOf(job),
  attempts: job.attempts,
  runs: job.runs,
  createdAt: new Date(job.createdAt).toISOString(),
  startedAt: instant(job.startedAt),
  finishedAt: instant(job.finishedAt),
  notBefore: instant(job.notBefore),
  version: job.version,
})

/** Only a job in one of these states is worked on. */
const nodeOf = ({ state, node }: Job): string | null =>
  state === 'running' || state === 'completing' || state === 'cancelling' ? node : null

/** Returns the answer to a request about a job. */
export const answerJob = (job: Job, live?: LiveProgress): JobAnswer =>
  Object.assign(viewJob(job, live), { options: viewOptions(job), node: nodeOf(job), place: job.place })
