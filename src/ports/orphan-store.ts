import type { JobState, JobTarget } from '../core/job.js'
import type { Page, PageRequest } from './page.js'
import type { UploadRef } from './target.js'

/** While an Initiate was on its way for a key, or may have been. */
export interface InitiateWindow {
  readonly jobId: string
  readonly beganAt: number
  /** Null while the job may still send one. */
  readonly endedAt: number | null
}

/** Whose an open multipart upload is. */
export type UploadTrace =
  | { readonly kind: 'job'; readonly jobId: string; readonly state: JobState }
  /** A job gave it up, and it is to be removed from OSS. */
  | { readonly kind: 'abandoned'; readonly jobId: string }
  /** No job knows its id. `initiates`: of its key, those that were not surely answered, oldest first. */
  | { readonly kind: 'unknown'; readonly initiates: readonly InitiateWindow[] }

/** An upload that its job gave up; it stands here until OSS was seen to have forgotten it. */
export interface AbandonedUpload {
  readonly jobId: string
  readonly target: JobTarget
  readonly uploadId: string
}

/** Which failed jobs give their upload up: one, while that is its upload, or those that failed longer ago than a time. */
export type AbandonRequest =
  | { readonly jobId: string; readonly uploadId: string }
  | { readonly olderThanMs: number; readonly limit: number }

/** What is left of uploads in OSS. A retry that came first keeps its upload: only a failed job gives it up. */
export interface OrphanStore {
  /** Every bucket that a job of this store was made for, by name. */
  buckets(): Promise<readonly string[]>
  /** One trace for each upload, in their order. Endpoints are not compared: upload ids are unique. */
  traceUploads(uploads: readonly UploadRef[]): Promise<readonly UploadTrace[]>
  /** Takes the upload id from failed jobs (`job.updated` each, parts stay) and keeps it as abandoned. How many did. */
  abandonUploads(request: AbandonRequest): Promise<number>
  /** In the order they were abandoned. */
  abandonedUploads(page: PageRequest): Promise<Page<AbandonedUpload>>
  /** OSS has forgotten it. A cancelled job that had to leave it leaves nothing any more (`job.updated`). */
  forgetAbandoned(uploadId: string): Promise<void>
  /** Forgets unanswered Initiates that were over longer ago than `olderThanMs`, at most `limit`. Returns how many there were. */
  forgetInitiates(olderThanMs: number, limit: number): Promise<number>
}
