import type { Batch, BatchFile, BatchProblem, NewBatch, PlannedFile } from '../core/batch.js'
import type { BulkVerb } from '../core/bulk-verb.js'
import type { NewJob } from '../core/job.js'
import type { JobAnswer } from '../core/job-view.js'
import type { Verb } from '../core/verb.js'
import type { IdempotencyKey } from './idempotency-key.js'
import type { Page, PageRequest } from './page.js'

export type SubmitBatchResult =
  | { readonly kind: 'created'; readonly batch: Batch }
  /** The idempotency key is known with the same body: nothing was made. */
  | { readonly kind: 'replayed'; readonly batch: Batch }
  | { readonly kind: 'mismatch' }

/** What a walk found since the last time. */
export interface WalkChunk {
  readonly jobs: readonly NewJob[]
  readonly problems: readonly BatchProblem[]
  /** Of a dry run, in place of jobs. */
  readonly planned: readonly PlannedFile[]
  /** How many files of a list are dealt with now; null for a directory. */
  readonly listed: number | null
}

export type BatchControlResult =
  /** `verb`: the one that was begun for its jobs; null when there is nothing to do. */
  | { readonly kind: 'ok'; readonly batch: Batch; readonly verb: BulkVerb | null }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'invalid_state'; readonly batch: Batch }

/**
 * Batches and how they become jobs. Counts change in the transaction that changes a job, and the batch finishes in the
 * one that settles the last (`batch.completed`); it is open again as soon as one of its jobs is.
 */
export interface BatchStore {
  submitBatch(
    batch: NewBatch,
    files: readonly BatchFile[],
    idempotency: IdempotencyKey | null,
  ): Promise<SubmitBatchResult>
  findBatchByIdempotencyKey(key: string): Promise<{ readonly fingerprint: string; readonly batch: Batch } | null>
  getBatch(batchId: string): Promise<Batch | null>
  /** Newest first. */
  listBatches(page: PageRequest): Promise<Page<Batch>>
  /** The batches on which something is to be done: to walk them, or to carry a verb on. Oldest first. */
  unfinishedBatches(): Promise<readonly Batch[]>
  /** Files `from`.. of a batch's list, in order. */
  batchFiles(batchId: string, from: number, limit: number): Promise<readonly BatchFile[]>
  /**
   * Makes jobs of what a walk found, as `submit` does each. May be repeated: a file that has a job in the batch is passed
   * over, as is a problem that is known. A key that another file of the batch has is the problem `key_taken`, one that
   * another job is writing `target_busy`. `stopped`: the batch is no longer to be walked, and nothing was made. `full`: with
   * these jobs more than `mostQueued` (null: any number) would be queued, and nothing was made.
   */
  extendBatch(batchId: string, chunk: WalkChunk, mostQueued?: number | null): Promise<'ok' | 'stopped' | 'full'>
  /** The walk came to its end. Nothing happens when the batch is no longer to be walked. */
  endWalk(batchId: string): Promise<void>
  /**
   * Commits the verb for the batch and begins one for its jobs, with a first step where that needs no sources. `by`: the name
   * of the token whose request it is.
   */
  controlBatch(batchId: string, verb: Verb, by?: string | null): Promise<BatchControlResult>
  /** In the order they were met. */
  batchProblems(batchId: string, page: PageRequest): Promise<Page<BatchProblem>>
  /**
   * Forgets a settled batch (`batch.deleted`) and its jobs (`job.deleted` each), up to `limit` rows of them a call. From the
   * first call on nobody finds the batch any more. `more`: call again. `over`: nothing is left, or what is left goes by
   * `prune`, because somebody retries a job of it.
   */
  removeBatch(
    batchId: string,
    limit: number,
    by?: string | null,
  ): Promise<'more' | 'over' | 'not_found' | 'invalid_state'>
  /** The jobs of the batch that were deleted before it, as they were then. In the order in which they were deleted. */
  deletedJobs(batchId: string, page: PageRequest): Promise<Page<JobAnswer>>
  /** What a dry run found, in the order it was found. */
  plannedFiles(batchId: string, page: PageRequest): Promise<Page<PlannedFile>>
}
