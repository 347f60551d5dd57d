import { type Batch, type BatchProblem, type BatchState, batchStateOf } from './batch.js'
import { type BatchOwnFields, ownFieldsOf } from './batch-own-fields.js'
import { type BatchOptionsView, viewBatchOptions } from './job-options.js'

/** A batch as events show it. */
export interface BatchView extends BatchOwnFields {
  readonly id: string
  readonly state: BatchState
  readonly source: {
    readonly dir?: string
    readonly include?: readonly string[]
    readonly exclude?: readonly string[]
    readonly followSymlinks?: boolean
  }
  readonly target: { readonly bucket: string; readonly prefix: string }
  readonly totals: {
    readonly jobs: number
    readonly queued: number
    readonly running: number
    readonly completing: number
    readonly paused: number
    readonly cancelling: number
    readonly completed: number
    readonly failed: number
    readonly cancelled: number
    readonly skipped: number
    readonly bytesTotal: number
    readonly bytesUploaded: number
    /** The bytes on their way, as far as this daemon knows. It is 0 in stored events. */
    readonly bytesInFlight: number
  }
  readonly walk: {
    readonly done: boolean
    readonly seen: number
    readonly problemCount: number
    readonly problems: readonly BatchProblem[]
  }
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly finishedAt: string | null
}

/** A batch as the API answers it. */
export interface BatchAnswer extends BatchView {
  readonly priority: number
  readonly options: BatchOptionsView
}

/** So many problems are shown with the batch itself. */
export const shownProblems = 100

/**
 * Returns the batch as the public sees it. The function is pure, so that stored events and live answers cannot drift
 * apart.
 */
export const viewBatch = (batch: Batch, problems: readonly BatchProblem[], bytesInFlight = 0): BatchView => {
  const { counts, source, target } = batch
  const { queued, running, completing, paused, failed, cancelling, completed, cancelled, skipped } = counts
  const { bytesTotal, bytesUploaded } = counts
  const jobs = queued + running + completing + paused + failed + cancelling + completed + cancelled
  const { kind: _kind, ...where } = source
  return {
    id: batch.id,
    state: batchStateOf(batch),
    source: where,
    target: { bucket: target.bucket, prefix: target.prefix },
    ...ownFieldsOf(batch),
    totals: {
      jobs,
      queued,
      running,
      completing,
      paused,
      cancelling,
      completed,
      failed,
      cancelled,
      skipped,
      bytesTotal,
      bytesUploaded,
      bytesInFlight,
    },
    walk: { done: batch.walk === 'done', seen: batch.seen, problemCount: batch.problems, problems },
    labels: batch.template.labels,
    createdAt: new Date(batch.createdAt).toISOString(),
    finishedAt: batch.finishedAt === null ? null : new Date(batch.finishedAt).toISOString(),
  }
}

/** Returns the answer to a request about a batch. */
export const answerBatch = (batch: Batch, problems: readonly BatchProblem[], bytesInFlight = 0): BatchAnswer => ({
  ...viewBatch(batch, problems, bytesInFlight),
  priority: batch.template.priority,
  options: viewBatchOptions({ options: batch.template.options, notBefore: batch.template.dueAt }),
})
