import type { JobState, JobTarget } from '../core/job.js'
import type { Page, PageRequest } from './page.js'
import type { UploadRef } from './target.js'

/** The time while an Initiate was on its way for a key, or may have been. */
export interface InitiateWindow {
  readonly jobId: string
  readonly beganAt: number
  /** Null while the job may still send one. */
  readonly endedAt: number | null
}

/** Says to whom an open multipart upload belongs. */
export type UploadTrace =
  | { readonly kind: 'job'; readonly jobId: string; readonly state: JobState }
  /** A job gave the upload up, and it is to be removed from OSS. */
  | { readonly kind: 'abandoned'; readonly jobId: string }
  /** No job knows its id. `initiates` are those of its key that were not surely answered, the oldest first. */
  | { readonly kind: 'unknown'; readonly initiates: readonly InitiateWindow[] }

/** An upload that its job gave up. It stands here until OSS was seen to have forgotten it. */
export interface AbandonedUpload {
  readonly jobId: string
  readonly target: JobTarget
  readonly uploadId: string
}

/**
 * Which failed jobs give their upload up: one job, while that is its upload, or all jobs that failed longer ago than a
 * time.
 */
export type AbandonRequest =
  | { readonly jobId: string; readonly uploadId: string }
  | { readonly olderThanMs: number; readonly limit: number }

/** What is left of uploads in OSS. A retry that came first keeps its upload, because only a failed job gives it up. */
export interface OrphanStore {
  /** Returns every bucket that a job of this store was made for, by name. */
  buckets(): Promise<readonly string[]>
  /** Returns one trace for each upload, in their order. Endpoints are not compared, because upload ids are unique. */
  traceUploads(uploads: readonly UploadRef[]): Promise<readonly UploadTrace[]>
  /**
   * Takes the upload id from failed jobs (`job.updated` each; the parts stay) and keeps it as abandoned. Returns how
   * many jobs did so.
   */
  abandonUploads(request: AbandonRequest): Promise<number>
  /** Lists abandoned uploads, in the order in which they were abandoned. */
  abandonedUploads(page: PageRequest): Promise<Page<AbandonedUpload>>
  /**
   * Says that OSS has forgotten the upload. A cancelled job that had to leave it leaves nothing any more
   * (`job.updated`).
   */
  forgetAbandoned(uploadId: string): Promise<void>
  /** Forgets unanswered Initiates that were over longer ago than `olderThanMs`, at most `limit`. Returns how many there were. */
  forgetInitiates(olderThanMs: number, limit: number): Promise<number>
}
