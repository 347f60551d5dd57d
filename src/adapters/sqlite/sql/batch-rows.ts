import {
  type Batch,
  type BatchCounts,
  type BatchProblem,
  type BatchSource,
  type JobTemplate,
  noCounts,
  type PlannedFile,
  type WalkState,
} from '../../../core/batch.js'
import type { Desired, JobState } from '../../../core/job.js'
import type { Verb } from '../../../core/verb.js'

/** This is a row of `batches` with its counts. JSON columns are text. */
export interface BatchRow extends Readonly<Record<JobState | 'skipped', number>> {
  readonly seq: number
  readonly id: string
  readonly desired: Desired
  readonly source: string
  readonly bucket: string
  readonly prefix: string
  readonly endpoint: string
  readonly region: string
  readonly template: string
  readonly dry_run: 0 | 1
  readonly actor: string | null
  readonly walk: WalkState
  readonly listed: number
  readonly seen: number
  readonly problems: number
  readonly idempotency_fingerprint: string | null
  readonly created_at: number
  readonly finished_at: number | null
  readonly bytes_total: number
  readonly bytes_uploaded: number
  /** This is the id of the node that `place` names. */
  readonly place_id: string | null
  readonly underway: string
}

/** What a row gets when the batch is made, by column. The statement that inserts it is made of the names. */
const newColumns = {
  id: ({ id }) => id,
  source: ({ source }) => JSON.stringify(source),
  bucket: ({ target }) => target.bucket,
  prefix: ({ target }) => target.prefix,
  endpoint: ({ target }) => target.endpoint,
  region: ({ target }) => target.region,
  template: ({ template }) => JSON.stringify(template),
  dry_run: ({ dryRun }) => (dryRun ? 1 : 0),
  actor: ({ by }) => by,
  created_at: ({ createdAt }) => createdAt,
} satisfies Readonly<Record<string, (batch: Batch) => string | number | null>>

export const newColumnNames = Object.keys(newColumns)

export const newColumnsOf = (batch: Batch): Readonly<Record<string, string | number | null>> =>
  Object.fromEntries(Object.entries(newColumns).map(([name, read]) => [name, read(batch)]))

/** Returns counts by the columns of `batch_counts`. */
export const countColumnsOf = ({ bytesTotal, bytesUploaded, ...jobs }: BatchCounts) => ({
  ...jobs,
  bytes_total: bytesTotal,
  bytes_uploaded: bytesUploaded,
})

export const countColumns = Object.keys(countColumnsOf(noCounts))

export const batchOf = (row: BatchRow): Batch => ({
  id: row.id,
  desired: row.desired,
  underway: JSON.parse(row.underway) as Verb[],
  source: JSON.parse(row.source) as BatchSource,
  place: row.place_id,
  target: { bucket: row.bucket, prefix: row.prefix, endpoint: row.endpoint, region: row.region },
  template: JSON.parse(row.template) as JobTemplate,
  dryRun: row.dry_run === 1,
  by: row.actor,
  walk: row.walk,
  listed: row.listed,
  seen: row.seen,
  problems: row.problems,
  counts: {
    queued: row.queued,
    running: row.running,
    completing: row.completing,
    paused: row.paused,
    failed: row.failed,
    cancelling: row.cancelling,
    completed: row.completed,
    cancelled: row.cancelled,
    skipped: row.skipped,
    bytesTotal: row.bytes_total,
    bytesUploaded: row.bytes_uploaded,
  },
  createdAt: row.created_at,
  finishedAt: row.finished_at,
})

/** This is a row of `batch_problems`. */
export interface BatchProblemRow extends Pick<BatchProblem, 'path' | 'code' | 'message'> {
  readonly n: number
  readonly job_id: string | null
}

export const problemOf = ({ path, code, message, job_id }: BatchProblemRow): BatchProblem => ({
  path,
  code,
  message,
  jobId: job_id,
})

/** This is a row of `batch_planned_files`. */
export interface PlannedFileRow extends PlannedFile {
  readonly n: number
}
