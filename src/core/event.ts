import type { BatchView } from './batch-view.js'
import type { JobView } from './job-view.js'
import type { PartView } from './part-view.js'

/** Types of stored events. `job.progress` is sent to listeners but never stored. */
export const eventTypes = [
  'job.queued',
  'job.running',
  'job.completing',
  'job.completed',
  'job.failed',
  'job.paused',
  'job.cancelling',
  'job.cancelled',
  'job.waiting',
  'job.updated',
  'job.deleted',
  'part.uploaded',
  'batch.completed',
  'batch.deleted',
] as const
export type EventType = (typeof eventTypes)[number]

/**
 * An appended fact. `id` is opaque to everyone but the store that made it; order is promised per job only.
 * `job` is the job as it was then; `part.uploaded` carries `part` instead. `batch.completed` is about a `batch` that has
 * settled, however it ended, and about no job; so is `batch.deleted`, which a `job.deleted` of each of its jobs follows.
 */
export interface StoredEvent {
  readonly id: string
  readonly type: EventType
  /** ISO 8601 UTC. */
  readonly at: string
  readonly jobId: string | null
  readonly batchId: string | null
  /** The name of the token whose request it was. Absent: a daemon without tokens, or its own doing. */
  readonly by?: string
  readonly job?: JobView
  readonly part?: PartView
  readonly batch?: BatchView
}
