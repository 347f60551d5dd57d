import type { Fingerprint, IntentKind, Job, SourceRemoval, Upload } from '../core/job.js'
import type { Finish } from '../core/job-ends.js'
import type { PlannedPart, UploadedPart } from '../core/part.js'
import type { Fenced, Lease } from './lease.js'
import type { AbandonedUpload } from './orphan-store.js'

/** What a run commits of its job. Every method is fenced by the lease. Promises are those of JobStore. */
export interface UploadStore {
  /**
   * For a job without an upload in OSS, before it begins one: what older failed jobs have there of the same object. The
   * youngest that this job would begin just so becomes its own, with the parts (`job.updated`); all others are given up.
   * `left`: abandoned uploads of the object, some of the youngest; they are to be removed.
   */
  takeLeftovers(lease: Lease): Promise<{ readonly job: Job; readonly left: readonly AbandonedUpload[] } | Fenced>
  /** Commits the plan of an upload before anything is sent: the upload without an id, its parts as `pending`; with mode `multipart` also the intent `initiate`. */
  beginUpload(lease: Lease, upload: Upload, parts: readonly PlannedPart[]): Promise<Job | Fenced>
  /** Commits that an Initiate of this job may have taken effect without an answer: what it left can only ever be suspected. */
  noteUnansweredInitiate(lease: Lease): Promise<'ok' | Fenced>
  /** Commits Initiate's answer and clears the intent. */
  setUploadId(lease: Lease, uploadId: string): Promise<Job | Fenced>
  /**
   * Commits that an intent is about to be carried out (`abort`, `initiate` of a plan that is there), or null that it was
   * reconciled: an Initiate made nothing, and is suspected no more unless another one of it went unanswered.
   */
  setIntent(lease: Lease, intent: IntentKind | null): Promise<Job | Fenced>
  /** `pending -> uploaded`, adds to `bytesUploaded` and `partsUploaded`, appends `part.uploaded` each. A part that is uploaded already keeps its row, but takes the ETag and CRC-64 when OSS has another ETag for it. */
  commitParts(lease: Lease, parts: readonly UploadedPart[]): Promise<'ok' | Fenced>
  /** Adds charged tries to `attempts`. */
  chargeAttempts(lease: Lease, count: number): Promise<'ok' | Fenced>
  /** Forgets the upload (lost in OSS, aborted, or the source changed): no upload, no parts, no intent, `restarts + 1`; with a fingerprint the job goes on with that one. `isLeft`: OSS refuses to remove it, so it is kept as abandoned. */
  forgetUpload(lease: Lease, fingerprint: Fingerprint | null, isLeft?: boolean): Promise<Job | Fenced>
  /** `running -> completing` with the intent `complete`, only while the user wants `run`; else `unwanted`. */
  beginCompleting(lease: Lease): Promise<Job | 'unwanted' | Fenced>
  /** Commits that the source is about to be deleted, for the object is proven. Unwanted of a job that is `cancelling`. */
  beginRemoval(lease: Lease, removal: SourceRemoval & { readonly state: 'pending' }): Promise<Job | 'unwanted' | Fenced>
  /** With an object made, older failed jobs give up what they have in OSS of it. */
  finish(lease: Lease, finish: Finish): Promise<Job | 'unwanted' | Fenced>
}
