import type { Job, JobChanges, JobState } from '../core/job.js'
import type { JobFilter } from '../core/job-filter.js'
import type { StoredPart } from '../core/part.js'
import type { ControlRequest } from '../core/verb-law.js'
import type { Page, PageRequest } from './page.js'
import type { QueueStore } from './queue-store.js'
import type { UploadStore } from './upload-store.js'

export type ControlResult =
  /** It is done, or there is nothing to do because the job is there or on its way already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'invalid_state'; readonly state: JobState }
  | { readonly kind: 'target_busy'; readonly jobId: string }

export type ChangeResult =
  /** It is done, or there is nothing to do because the job is so already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  /** The job is at another version than those that were expected. */
  | { readonly kind: 'precondition_failed'; readonly version: number }
  | { readonly kind: 'invalid_state'; readonly state: JobState }

/** The number of jobs that settled in each way, and of those that have not. */
export interface JobCounts {
  readonly pending: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

export interface CountsPage extends JobCounts {
  /**
   * The youngest of the pending jobs, which is likely the last to settle. Null when there is none, or when finding it
   * would cost a walk.
   */
  readonly newestPending: string | null
  /** The cursor to go on with; null at the end. */
  readonly nextCursor: string | null
}

/**
 * The queue and its jobs. Each method is one atomic transition that also appends its events, and nothing resolves
 * before it is durable. A store has a clock of its own, and its callers may have others: what a caller works out by its
 * clock crosses as a duration. Instants that cross are those that a user chose, and those that the store gave before.
 * No connection, transaction or row type leaves an adapter. Adapters throw AppError `storage_full` when the disk is
 * full (nothing was written) and `storage_unavailable` for other failures of the medium.
 */
export interface JobStore extends QueueStore, UploadStore {
  /** Carries out pause, resume, cancel or retry as the contract's "Verbs" says. It is idempotent. */
  control(jobId: string, request: ControlRequest, by?: string | null): Promise<ControlResult>
  /**
   * Changes what a user may change. It does so at any time, but only while the job is at one of these versions (null:
   * at any version). When something is different, it grows the version and appends `job.updated`.
   */
  change(
    jobId: string,
    changes: JobChanges,
    ifVersions: readonly number[] | null,
    by?: string | null,
  ): Promise<ChangeResult>
  /**
   * Removes a settled job with its parts and idempotency key, and appends `job.deleted`. The upload of a failed job is
   * abandoned.
   */
  remove(jobId: string, by?: string | null): Promise<'ok' | 'not_found' | 'invalid_state'>
  get(jobId: string): Promise<Job | null>
  /** Lists jobs, the newest first. */
  list(filter: JobFilter, page: PageRequest): Promise<Page<Job>>
  /** Counts what matches, the oldest first, a bounded stretch in each call. */
  countJobs(filter: JobFilter, cursor: string | null): Promise<CountsPage>
  /** Lists the parts by their numbers. Every part of the plan has a row. */
  parts(jobId: string, page: PageRequest): Promise<Page<StoredPart>>
}
