import type { Batch, BatchFile, BatchProblem, NewBatch, PlannedFile } from '../core/batch.js'
import type { BulkVerb } from '../core/bulk-verb.js'
import type { NewJob } from '../core/job.js'
import type { JobAnswer } from '../core/job-view.js'
import type { Verb } from '../core/verb.js'
import type { IdempotencyKey } from './idempotency-key.js'
import type { Page, PageRequest } from './page.js'

export type SubmitBatchResult =
  | { readonly kind: 'created'; readonly batch: Batch }
  /** The idempotency key is known with the same body, so nothing was made. */
  | { readonly kind: 'replayed'; readonly batch: Batch }
  | { readonly kind: 'mismatch' }

/** This is what a walk found since the last time. */
export interface WalkChunk {
  readonly jobs: readonly NewJob[]
  readonly problems: readonly BatchProblem[]
  /** A dry run finds these in place of jobs. */
  readonly planned: readonly PlannedFile[]
  /** This says how many files of a list are dealt with now. It is null for a directory. */
  readonly listed: number | null
}

/** The walk of a batch by the node that has the chore of it (`walkChore`). `epoch` is the chore's and fences writes. */
export interface Walk {
  readonly batchId: string
  readonly epoch: number
}

export type BatchControlResult =
  /** `verb` is the verb that was begun for the jobs of the batch; null when there is nothing to do. */
  | { readonly kind: 'ok'; readonly batch: Batch; readonly verb: BulkVerb | null }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'invalid_state'; readonly batch: Batch }

/**
 * Stores batches and how they become jobs. Counts change in the transaction that changes a job, and the batch finishes
 * in the transaction that settles its last job (`batch.completed`). It is open again as soon as one of its jobs is.
 */
export interface BatchStore {
  submitBatch(
    batch: NewBatch,
    files: readonly BatchFile[],
    idempotency: IdempotencyKey | null,
  ): Promise<SubmitBatchResult>
  findBatchByIdempotencyKey(key: string): Promise<{ readonly fingerprint: string; readonly batch: Batch } | null>
  getBatch(batchId: string): Promise<Batch | null>
  /** Returns the newest batches first. */
  listBatches(page: PageRequest): Promise<Page<Batch>>
  /**
   * Returns the batches on which something is to be done, either to walk them or to carry a verb on. The oldest come
   * first.
   */
  unfinishedBatches(): Promise<readonly Batch[]>
  /** Returns the files of a batch's list from number `from` on, in order. */
  batchFiles(batchId: string, from: number, limit: number): Promise<readonly BatchFile[]>
  /**
   * Makes jobs of what a walk found, each as `submit` makes one. The call may be repeated: a file that has a job in the
   * batch is passed over, and so is a problem that is known. A key that another file of the batch has is the problem
   * `key_taken`, and one that another job is writing is `target_busy`. `stopped` says that the batch is no longer to be
   * walked, or no longer by this walk, and that nothing was made. `full` says that with these jobs more than
   * `mostQueued` (null: any number) would be queued, and that nothing was made.
   */
  extendBatch(walk: Walk, chunk: WalkChunk, mostQueued?: number | null): Promise<'ok' | 'stopped' | 'full'>
  /**
   * Ends the walk once it has met everything. Nothing happens when the batch is no longer to be walked, or no longer by
   * this walk.
   */
  endWalk(walk: Walk): Promise<void>
  /**
   * Commits the verb for the batch and begins one for its jobs, with a first step where that needs no sources. `by` is
   * the name of the token that made the request.
   */
  controlBatch(batchId: string, verb: Verb, by?: string | null): Promise<BatchControlResult>
  /** Returns the problems in the order in which they were met. */
  batchProblems(batchId: string, page: PageRequest): Promise<Page<BatchProblem>>
  /**
   * Forgets a settled batch (`batch.deleted`) and its jobs (`job.deleted` each), up to `limit` rows of them for each
   * call. From the first call on no request finds the batch any more. `more` says that the caller has to call again.
   * `over` says that nothing is left, or that `prune` removes what is left, because a user has retried a job of it.
   */
  removeBatch(
    batchId: string,
    limit: number,
    by?: string | null,
  ): Promise<'more' | 'over' | 'not_found' | 'invalid_state'>
  /**
   * Returns the jobs of the batch that were deleted before it, as they were then, in the order in which they were
   * deleted.
   */
  deletedJobs(batchId: string, page: PageRequest): Promise<Page<JobAnswer>>
  /** Returns what a dry run found, in the order in which it was found. */
  plannedFiles(batchId: string, page: PageRequest): Promise<Page<PlannedFile>>
}
