import { isFingerprintDue, type Job, pathOf, sizeOf } from '../../../core/job.js'
import { isPlain } from '../../../core/plain-put.js'
import type { JobRow } from './rows.js'

type Value = string | number | null

/** These say by the name of each column what a job has in it. The statements are made of the names, in this order. */
type Columns = { readonly [Name in keyof JobRow]?: (job: Job) => Value }

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value))

/** A step may change these columns. */
export const changingColumns = {
  state: (job) => job.state,
  desired: (job) => job.desired,
  waiting: (job) => job.waiting,
  due_at: (job) => job.dueAt,
  marker: (job) => job.marker,
  source_size: (job) => sizeOf(job),
  source_due: (job) => (isFingerprintDue(job) ? 1 : 0),
  source_node: (job) => job.source.fingerprint.node,
  source_dev: (job) => job.source.fingerprint.dev,
  source_ino: (job) => job.source.fingerprint.ino,
  source_mtime_ns: (job) => job.source.fingerprint.mtimeNs,
  source_ctime_ns: (job) => job.source.fingerprint.ctimeNs,
  upload_mode: (job) => job.upload?.mode ?? null,
  upload_id: (job) => job.upload?.uploadId ?? null,
  part_size: (job) => job.upload?.partSize ?? null,
  part_count: (job) => job.upload?.partCount ?? null,
  intent: (job) => job.intent,
  bytes_uploaded: (job) => job.bytesUploaded,
  parts_uploaded: (job) => job.partsUploaded,
  outcome: (job) => job.outcome,
  receipt: (job) => json(job.receipt),
  removal: (job) => json(job.removal),
  error: (job) => json(job.error),
  refusal: (job) => json(job.refusal),
  attempts: (job) => job.attempts,
  runs: (job) => job.runs,
  crashes: (job) => job.crashes,
  restarts: (job) => job.restarts,
  started_at: (job) => job.startedAt,
  finished_at: (job) => job.finishedAt,
} as const satisfies Columns

/** Only a user changes these columns. */
export const tunedColumns = {
  priority: (job) => job.priority,
  labels: (job) => JSON.stringify(job.labels),
  options: (job) => JSON.stringify(job.options),
  not_after: (job) => job.options.notAfter,
  version: (job) => job.version,
} as const satisfies Columns

/** These columns stay as submit made them. */
const lastingColumns = {
  id: (job) => job.id,
  not_before: (job) => job.notBefore,
  batch_id: (job) => job.batchId,
  source_path: (job) => pathOf(job),
  bucket: (job) => job.target.bucket,
  key: (job) => job.target.key,
  endpoint: (job) => job.target.endpoint,
  region: (job) => job.target.region,
  plain: (job) => (isPlain(job) ? 1 : 0),
  created_at: (job) => job.createdAt,
} as const satisfies Columns

/** A job that was just made has nothing in the other columns. */
export const newColumns = {
  ...lastingColumns,
  ...tunedColumns,
  state: changingColumns.state,
  desired: changingColumns.desired,
  waiting: changingColumns.waiting,
  due_at: changingColumns.due_at,
  marker: changingColumns.marker,
  source_size: changingColumns.source_size,
  source_due: changingColumns.source_due,
  source_node: changingColumns.source_node,
  source_dev: changingColumns.source_dev,
  source_ino: changingColumns.source_ino,
  source_mtime_ns: changingColumns.source_mtime_ns,
  source_ctime_ns: changingColumns.source_ctime_ns,
} as const satisfies Columns

/** Returns what a job has in these columns, in their order. */
export const valuesOf = (columns: Columns): ((job: Job) => Value[]) => {
  const reads = Object.values(columns)
  return (job) => {
    const values: Value[] = []
    for (const read of reads) values.push(read(job))
    return values
  }
}
