import type { BatchOwnFields } from './batch-own-fields.js'
import type { Desired, JobState, JobTarget, NewJob } from './job.js'
import type { Verb } from './verb.js'

export const batchStates = ['scanning', 'running', 'paused', 'cancelling', 'completed', 'failed', 'cancelled'] as const
export type BatchState = (typeof batchStates)[number]

/** Where the files of a batch come from. The patterns are globs that are compared with the path below `dir`. */
export type BatchSource =
  | {
      readonly kind: 'dir'
      readonly dir: string
      readonly include: readonly string[]
      readonly exclude: readonly string[]
      readonly followSymlinks: boolean
    }
  /** The files stand beside the batch in the store, because there may be very many. */
  | { readonly kind: 'files' }

/** A file of a list. `key` is the whole key of its object. */
export interface BatchFile {
  readonly path: string
  readonly key: string
}

/** A file that a dry run would have sent. */
export interface PlannedFile extends BatchFile {
  readonly size: number
}

/** These codes say why a file or directory did not become jobs. */
export const batchProblemCodes = [
  /**
   * The file is absent, is not a regular file, lies outside the roots, or cannot be read. One code stands for all of
   * these, as it does for a job.
   */
  'source_unavailable',
  'directory_unreadable',
  'name_not_utf8',
  /** The name cannot be a key. */
  'key_invalid',
  /** Another file of the batch goes to the same key. */
  'key_taken',
  /** A job outside the batch is writing the same object. */
  'target_busy',
  'source_too_large',
  /** No file matches `include`. */
  'nothing_matched',
] as const
export type BatchProblemCode = (typeof batchProblemCodes)[number]

export interface BatchProblem {
  /** Bytes that are not UTF-8 are written as `\xNN`. */
  readonly path: string
  readonly code: BatchProblemCode
  readonly message: string
  /** The id of the job that is in the way (`target_busy`). */
  readonly jobId: string | null
}

/** What all jobs of a batch have in common. `dueAt` is the `notBefore` of the batch. */
export type JobTemplate = Pick<NewJob, 'options' | 'priority' | 'labels' | 'dueAt'>

/** How far the walk has come. `stopped` means that a cancel came before its end. */
export const walkStates = ['going', 'done', 'stopped'] as const
export type WalkState = (typeof walkStates)[number]

/**
 * The number of jobs of a batch in each state, which includes jobs that were deleted since. `skipped` is a part of
 * `completed`.
 */
export type BatchCounts = Readonly<Record<JobState | 'skipped' | 'bytesTotal' | 'bytesUploaded', number>>

/** A batch as the store keeps it. Instants are milliseconds since the epoch. */
export interface Batch extends BatchOwnFields {
  readonly id: string
  readonly desired: Desired
  /** The verbs that have not reached every job yet. */
  readonly underway: readonly Verb[]
  readonly source: BatchSource
  /** Instead of a key the target has a prefix, which is empty or ends with a slash. */
  readonly target: Omit<JobTarget, 'key'> & { readonly prefix: string }
  readonly template: JobTemplate
  /** The id of the node that sees the files. Null means that every node sees them. */
  readonly place: string | null
  /** The name of the token that made the batch. */
  readonly by: string | null
  readonly walk: WalkState
  /** The number of files of a list that were dealt with. */
  readonly listed: number
  /** The number of files that became jobs (in a dry run: that would have become jobs) or problems. */
  readonly seen: number
  readonly problems: number
  readonly counts: BatchCounts
  readonly createdAt: number
  readonly finishedAt: number | null
}

export type NewBatch = BatchOwnFields & Pick<Batch, 'id' | 'source' | 'place' | 'target' | 'template' | 'by'>

export const noCounts: BatchCounts = {
  queued: 0,
  running: 0,
  completing: 0,
  paused: 0,
  failed: 0,
  cancelling: 0,
  completed: 0,
  cancelled: 0,
  skipped: 0,
  bytesTotal: 0,
  bytesUploaded: 0,
}

/** Returns the batch as a submit makes it. */
export const createBatch = (request: NewBatch, at: number): Batch => ({
  ...request,
  desired: 'run',
  underway: [],
  walk: 'going',
  listed: 0,
  seen: 0,
  problems: 0,
  counts: noCounts,
  createdAt: at,
  finishedAt: null,
})

/** Returns the number of jobs on which something may still happen by itself. */
export const unsettledJobs = ({ counts }: Pick<Batch, 'counts'>): number =>
  counts.queued + counts.running + counts.completing + counts.paused + counts.cancelling

const movingJobs = ({ counts }: Pick<Batch, 'counts'>): number => counts.queued + counts.running + counts.completing

const settledState = ({ desired, walk, counts, problems }: Batch): BatchState => {
  // A cancel that came too late for every job has cancelled nothing.
  const allDone = walk === 'done' && problems === 0 && counts.failed + counts.cancelled === 0 && counts.completed > 0
  if (desired === 'cancel' && !allDone) return 'cancelled'
  return problems > 0 || counts.failed > 0 ? 'failed' : 'completed'
}

/**
 * Returns the state of the batch. It is not stored, because it follows from the walk, the jobs and what the user wants.
 */
export const batchStateOf = (batch: Batch): BatchState => {
  if (batch.finishedAt !== null) return settledState(batch)
  if (batch.desired === 'cancel') return 'cancelling'
  if (batch.desired === 'pause' && movingJobs(batch) === 0) return 'paused'
  return batch.walk === 'going' ? 'scanning' : 'running'
}

/** Returns whether the batch may still make jobs, bring some back, or tell them something. */
export const isBatchAtWork = ({ finishedAt, walk, underway }: Batch): boolean =>
  finishedAt === null && (walk === 'going' || underway.length > 0)

/**
 * Returns whether nothing more happens to the batch by itself. The store sets `finishedAt` in the transaction that
 * makes it so.
 */
export const isBatchOver = (batch: Batch): boolean =>
  batch.walk !== 'going' && batch.underway.length === 0 && unsettledJobs(batch) === 0
