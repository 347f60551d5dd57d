import type { Fingerprint, Job, JobChanges, JobState } from '../core/job.js'
import type { StoredPart } from '../core/part.js'
import type { JobFilter } from './job-filter.js'
import type { Page, PageRequest } from './page.js'
import type { QueueStore } from './queue-store.js'
import type { UploadStore } from './upload-store.js'

export type ControlRequest =
  | { readonly verb: 'pause' }
  | { readonly verb: 'resume' }
  | { readonly verb: 'cancel' }
  /**
   * `fingerprint` is of the source as it is now. When it differs from the stored one the job is planned anew and an
   * upload that exists gets the intent `abort`.
   */
  | { readonly verb: 'retry'; readonly fingerprint: Fingerprint }

export type ControlResult =
  /** Done, or nothing to do because the job is there or on its way already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'invalid_state'; readonly state: JobState }
  | { readonly kind: 'target_busy'; readonly jobId: string }

export type ChangeResult =
  /** Done, or nothing to do because the job is so already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  /** The job is at another version than any that was expected. */
  | { readonly kind: 'precondition_failed'; readonly version: number }
  | { readonly kind: 'invalid_state'; readonly state: JobState }

/** How many jobs settled in which way, and how many have not. */
export interface JobCounts {
  readonly pending: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

export interface CountsPage extends JobCounts {
  /** The youngest of the pending ones: likely the last to settle. Null when there is none, or finding it would cost a walk. */
  readonly newestPending: string | null
  /** Where to go on; null at the end. */
  readonly nextCursor: string | null
}

/**
 * The queue and its jobs. A store has a clock of its own, and its callers may have others: what a caller works out by its
 * clock crosses as a duration. Instants that cross are those that a user chose, and those that the store gave before. Each method is one atomic transition that also appends its events; nothing resolves before it
 * is durable. No connection, transaction or row type leaves an adapter. Adapters throw AppError `storage_full` when the
 * disk is full (nothing was written) and `storage_unavailable` for other failures of the medium.
 */
export interface JobStore extends QueueStore, UploadStore {
  /** pause, resume, cancel, retry as the contract's "Verbs" says; idempotent. */
  control(jobId: string, request: ControlRequest, by?: string | null): Promise<ControlResult>
  /**
   * Changes what a user may change, at any time but only while the job is at one of these versions (null: whichever).
   * Grows the version and appends `job.updated` when anything is different.
   */
  change(
    jobId: string,
    changes: JobChanges,
    ifVersions: readonly number[] | null,
    by?: string | null,
  ): Promise<ChangeResult>
  /** Removes a settled job with its parts and idempotency key; appends `job.deleted`. A failed job's upload is abandoned. */
  remove(jobId: string, by?: string | null): Promise<'ok' | 'not_found' | 'invalid_state'>
  get(jobId: string): Promise<Job | null>
  /** Newest first. */
  list(filter: JobFilter, page: PageRequest): Promise<Page<Job>>
  /** Counts what matches, oldest first, a bounded stretch a call. */
  countJobs(filter: JobFilter, cursor: string | null): Promise<CountsPage>
  /** By part number. Every part of the plan has a row. */
  parts(jobId: string, page: PageRequest): Promise<Page<StoredPart>>
}
