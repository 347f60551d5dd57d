import type { Fingerprint, IntentKind, Job, SourceRemoval, Upload } from '../core/job.js'
import type { Finish } from '../core/job-ends.js'
import type { PlannedPart, UploadedPart } from '../core/part.js'
import type { Fenced, Lease } from './lease.js'
import type { AbandonedUpload } from './orphan-store.js'

/** Stores what a run commits of its job. Every method is fenced by the lease. The promises are those of JobStore. */
export interface UploadStore {
  /**
   * Commits the fingerprint of a job whose fingerprint was due, and what follows of it for the upload. Appends
   * `job.updated` when the job looks different now.
   */
  noteFingerprint(lease: Lease, fingerprint: Fingerprint): Promise<Job | Fenced>
  /**
   * Looks at what older failed jobs have in OSS of the same object, before a job without an upload begins one. The job
   * takes over the youngest upload that is just what it would begin, with the parts (`job.updated`). All others are
   * given up. `left` are some of the youngest abandoned uploads of the object, and the caller is to remove them.
   */
  takeLeftovers(lease: Lease): Promise<{ readonly job: Job; readonly left: readonly AbandonedUpload[] } | Fenced>
  /**
   * Commits the plan of an upload before anything is sent: the upload without an id, its parts as `pending`, and with the
   * mode `multipart` also the intent `initiate`.
   */
  beginUpload(lease: Lease, upload: Upload, parts: readonly PlannedPart[]): Promise<Job | Fenced>
  /** Commits that an Initiate of this job may have taken effect without an answer. What it left can only ever be suspected. */
  noteUnansweredInitiate(lease: Lease): Promise<'ok' | Fenced>
  /** Commits Initiate's answer and clears the intent. */
  setUploadId(lease: Lease, uploadId: string): Promise<Job | Fenced>
  /**
   * Commits that an intent is about to be carried out (`abort`, or `initiate` of a plan that is there). With null it commits
   * that the intent was reconciled: the Initiate made nothing, and is suspected no more unless another one of the job
   * went unanswered.
   */
  setIntent(lease: Lease, intent: IntentKind | null): Promise<Job | Fenced>
  /**
   * Moves parts from `pending` to `uploaded`, adds them to `bytesUploaded` and `partsUploaded`, and appends `part.uploaded`
   * for each. A part that is uploaded already keeps its row, but takes the ETag and the CRC-64 when OSS has another ETag
   * for it.
   */
  commitParts(lease: Lease, parts: readonly UploadedPart[]): Promise<'ok' | Fenced>
  /** Adds charged tries to `attempts`. */
  chargeAttempts(lease: Lease, count: number): Promise<'ok' | Fenced>
  /**
   * Forgets the upload, which was lost in OSS or aborted, or whose source changed: the job has no upload, no parts and no
   * intent then, and one more restart. With a fingerprint the job goes on with that one. `isLeft` says that OSS refuses to
   * remove the upload, so that it is kept as abandoned.
   */
  forgetUpload(lease: Lease, fingerprint: Fingerprint | null, isLeft?: boolean): Promise<Job | Fenced>
  /**
   * Moves the job from `running` to `completing` with the intent `complete`, while the user wants `run`. Otherwise it
   * answers `unwanted`.
   */
  beginCompleting(lease: Lease): Promise<Job | 'unwanted' | Fenced>
  /** Commits that the source is about to be deleted, because the object is proven. Answers `unwanted` when the job is `cancelling`. */
  beginRemoval(lease: Lease, removal: SourceRemoval & { readonly state: 'pending' }): Promise<Job | 'unwanted' | Fenced>
  /** Settles the job. When it made the object, older failed jobs give up what they have in OSS of it. */
  finish(lease: Lease, finish: Finish): Promise<Job | 'unwanted' | Fenced>
}
