import type { BatchView } from './batch-view.js'
import type { JobView } from './job-view.js'
import type { PartView } from './part-view.js'

/** These are the types of stored events. `job.progress` is sent to listeners but never stored. */
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
 * A fact that was appended to the log. `id` means something only to the store that made it, and the order is promised
 * per job only. `job` is the job as it was then; `part.uploaded` carries `part` instead. `batch.completed` is about a
 * `batch` that has settled, however it ended, and about no job. `batch.deleted` is about a batch too, and a
 * `job.deleted` of each of its jobs follows it.
 */
export interface StoredEvent {
  readonly id: string
  readonly type: EventType
  /** The instant as ISO 8601 in UTC. */
  readonly at: string
  readonly jobId: string | null
  readonly batchId: string | null
  /** The name of the token whose request it was. It is absent when the daemon has no tokens, or did it by itself. */
  readonly by?: string
  readonly job?: JobView
  readonly part?: PartView
  readonly batch?: BatchView
}
