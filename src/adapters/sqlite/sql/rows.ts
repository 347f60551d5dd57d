import type { BatchView } from '../../../core/batch-view.js'
import type { StoredEvent } from '../../../core/event.js'
import type {
  Desired,
  IntentKind,
  Job,
  JobSource,
  JobState,
  Outcome,
  Receipt,
  UploadMode,
  Waiting,
} from '../../../core/job.js'
import type { Counted } from '../../../core/job-changes.js'
import type { JobOptions } from '../../../core/job-options.js'
import type { JobView } from '../../../core/job-view.js'
import type { PartState, StoredPart } from '../../../core/part.js'
import type { PartView } from '../../../core/part-view.js'
import type { AbandonedUpload } from '../../../ports/orphan-store.js'

/** This is a row of `jobs`. JSON columns are text. */
export interface JobRow {
  readonly seq: number
  readonly id: string
  readonly state: JobState
  readonly desired: Desired
  readonly waiting: Waiting | null
  readonly due_at: number | null
  readonly not_before: number | null
  readonly priority: number
  readonly batch_id: string | null
  readonly labels: string
  readonly source_path: string
  readonly source_size: number
  /** It is 1 while the fingerprint is due. */
  readonly source_due: 0 | 1
  /** The node that took the fingerprint. */
  readonly source_node: string | null
  readonly source_dev: string
  readonly source_ino: string
  readonly source_mtime_ns: string
  readonly source_ctime_ns: string
  readonly bucket: string
  readonly key: string
  readonly endpoint: string
  readonly region: string
  readonly options: string
  readonly marker: string | null
  readonly upload_mode: UploadMode | null
  readonly upload_id: string | null
  readonly part_size: number | null
  readonly part_count: number | null
  readonly intent: IntentKind | null
  readonly bytes_uploaded: number
  readonly parts_uploaded: number
  readonly outcome: Outcome | null
  readonly receipt: string | null
  readonly removal: string | null
  readonly error: string | null
  readonly refusal: string | null
  readonly attempts: number
  readonly runs: number
  readonly crashes: number
  readonly restarts: number
  readonly version: number
  readonly epoch: number
  readonly lease_node: string | null
  readonly lease_until: number | null
  /** This is the id of the node that `place` names. */
  readonly place_id: string | null
  /** It is 1 for a job whose file needs nothing but to be put whole, as far as its submit tells. */
  readonly plain: 0 | 1
  /** This is the deadline in the options, where an index finds it. */
  readonly not_after: number | null
  readonly idempotency_key: string | null
  readonly idempotency_fingerprint: string | null
  readonly created_at: number
  readonly started_at: number | null
  readonly finished_at: number | null
}

/** Everything that `JobRow` says of a job. */
export const placeId = '(SELECT nodes.id FROM nodes WHERE nodes.n = jobs.place)'
export const jobRow = `jobs.*, ${placeId} AS place_id`

const parsed = <T>(json: string | null): T | null => (json === null ? null : (JSON.parse(json) as T))

/** `jobOf` makes a job of these columns. */
export const jobColumns = [
  'id',
  'state',
  'desired',
  'waiting',
  'batch_id',
  'lease_node',
  'place_id',
  'source_path',
  'source_due',
  'source_node',
  'source_dev',
  'source_ino',
  'source_size',
  'source_mtime_ns',
  'source_ctime_ns',
  'bucket',
  'key',
  'endpoint',
  'region',
  'options',
  'priority',
  'labels',
  'marker',
  'upload_mode',
  'upload_id',
  'part_size',
  'part_count',
  'intent',
  'bytes_uploaded',
  'parts_uploaded',
  'outcome',
  'receipt',
  'removal',
  'error',
  'refusal',
  'attempts',
  'runs',
  'crashes',
  'restarts',
  'version',
  'due_at',
  'not_before',
  'created_at',
  'started_at',
  'finished_at',
] as const satisfies readonly (keyof JobRow)[]

/** Its texts, JSON among them, are as they are stored. */
export type PackedRow = Pick<JobRow, (typeof jobColumns)[number]>

const sourceOf = (row: PackedRow): JobSource => {
  const fingerprint = {
    node: row.source_node,
    dev: row.source_dev,
    ino: row.source_ino,
    size: row.source_size,
    mtimeNs: row.source_mtime_ns,
    ctimeNs: row.source_ctime_ns,
  }
  if (row.source_due === 1) return { kind: 'path', path: row.source_path, fingerprint, isDue: true }
  return { kind: 'path', path: row.source_path, fingerprint }
}

export const jobOf = (row: PackedRow): Job => ({
  id: row.id,
  state: row.state,
  desired: row.desired,
  waiting: row.waiting,
  batchId: row.batch_id,
  source: sourceOf(row),
  place: row.place_id,
  node: row.lease_node,
  target: { bucket: row.bucket, key: row.key, endpoint: row.endpoint, region: row.region },
  options: JSON.parse(row.options) as JobOptions,
  priority: row.priority,
  labels: JSON.parse(row.labels) as Record<string, string>,
  marker: row.marker,
  // A CHECK keeps mode, part size and part count together.
  upload:
    row.upload_mode === null
      ? null
      : {
          mode: row.upload_mode,
          uploadId: row.upload_id,
          partSize: row.part_size as number,
          partCount: row.part_count as number,
        },
  intent: row.intent,
  bytesUploaded: row.bytes_uploaded,
  partsUploaded: row.parts_uploaded,
  outcome: row.outcome,
  receipt: parsed<Receipt>(row.receipt),
  removal: parsed(row.removal),
  error: parsed(row.error),
  refusal: parsed(row.refusal),
  attempts: row.attempts,
  runs: row.runs,
  crashes: row.crashes,
  restarts: row.restarts,
  version: row.version,
  dueAt: row.due_at,
  notBefore: row.not_before,
  createdAt: row.created_at,
  startedAt: row.started_at,
  finishedAt: row.finished_at,
})

/** Returns what counters look at of a row. */
export const countedRow = (row: JobRow): Counted => ({
  state: row.state,
  waiting: row.waiting,
  outcome: row.outcome,
  bytesUploaded: row.bytes_uploaded,
  size: row.source_size,
})

/** This is a row of `parts`. */
export interface PartRow {
  readonly part_number: number
  readonly offset: number
  readonly size: number
  readonly state: PartState
  readonly etag: string | null
  readonly crc64: string | null
  readonly proven: 0 | 1
  readonly attempts: number
  readonly uploaded_at: number | null
}

export const partOf = (row: PartRow): StoredPart => ({
  partNumber: row.part_number,
  offset: row.offset,
  size: row.size,
  state: row.state,
  etag: row.etag,
  crc64: row.crc64,
  proven: row.proven === 1,
  attempts: row.attempts,
  uploadedAt: row.uploaded_at,
})

/** This is a row of `events`. */
export interface EventRow {
  readonly n: number
  readonly at: number
  readonly type: StoredEvent['type']
  readonly job_id: string
  readonly batch_id: string | null
  readonly actor: string | null
  readonly body: string
}

/** Events that are not about a job have this job id. */
export const noJob = ''

const subjectOf = ({ type, body }: EventRow): Pick<StoredEvent, 'job' | 'part' | 'batch'> => {
  if (type === 'part.uploaded') return { part: JSON.parse(body) as PartView }
  return type.startsWith('batch.') ? { batch: JSON.parse(body) as BatchView } : { job: JSON.parse(body) as JobView }
}

export const eventOf = (row: EventRow, instance: string): StoredEvent => ({
  id: `${instance}-${row.n}`,
  type: row.type,
  at: new Date(row.at).toISOString(),
  jobId: row.job_id === noJob ? null : row.job_id,
  batchId: row.batch_id,
  ...(row.actor === null ? {} : { by: row.actor }),
  ...subjectOf(row),
})

/** This is a row of `abandoned_uploads`. */
export interface AbandonedRow {
  readonly seq: number
  readonly job_id: string
  readonly bucket: string
  readonly key: string
  readonly endpoint: string
  readonly region: string
  readonly upload_id: string
}

export const abandonedOf = ({ job_id, bucket, key, endpoint, region, upload_id }: AbandonedRow): AbandonedUpload => ({
  jobId: job_id,
  target: { bucket, key, endpoint, region },
  uploadId: upload_id,
})
