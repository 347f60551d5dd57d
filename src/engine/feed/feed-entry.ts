import type { StoredEvent } from '../../core/event.js'
import type { ProgressView } from '../../core/job-view.js'
import type { EventFilter } from '../../ports/event-store.js'
import type { JobFilter } from '../../ports/job-filter.js'
import type { JobStore } from '../../ports/job-store.js'

/**
 * What a listener is told. `ready`: the cursor where a listener begins that brought none. `reset`: the cursor is unknown or pruned; look at the lists again and go on
 * from `lastId`.
 */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'progress'; readonly jobId: string; readonly progress: ProgressView }
  | { readonly kind: 'ready'; readonly id: string; readonly at: string }
  | { readonly kind: 'reset'; readonly lastId: string }

/** `labels`: all must match, of the job or batch as it was then; a job's parts and progress go with the job as it is. */
export interface FeedFilter extends EventFilter {
  readonly labels?: JobFilter['labels']
}

type Labels = Readonly<Record<string, string>>

/** An item and what filters ask of it, worked out once for however many listeners. */
export interface Notice {
  readonly item: FeedItem
  readonly jobId: string | null
  readonly batchId: string | null
  /** Null: of a job that is no more. Asks the store at most once, and only if anybody wants to know. */
  labels(): Promise<Labels | null>
}

/** Labels of jobs as they are, each asked for once. */
export type LabelsOfJob = (jobId: string | null) => Promise<Labels | null>

export const createLabelsOfJob = (store: Pick<JobStore, 'get'>): LabelsOfJob => {
  const asked = new Map<string, Promise<Labels | null>>()
  return async (jobId) => {
    if (jobId === null) return null
    const labels = asked.get(jobId) ?? store.get(jobId).then((job) => job?.labels ?? null)
    asked.set(jobId, labels)
    return labels
  }
}

export const noticeOfEvent = (event: StoredEvent, labelsOf: LabelsOfJob): Notice => {
  const { jobId, batchId, job, batch } = event
  const own = (job ?? batch)?.labels
  return {
    item: { kind: 'event', event },
    jobId,
    batchId,
    labels: async () => own ?? labelsOf(jobId),
  }
}

export const noticeOfProgress = (
  { jobId, batchId, progress }: { jobId: string; batchId: string | null; progress: ProgressView },
  labelsOf: LabelsOfJob,
): Notice => ({ item: { kind: 'progress', jobId, progress }, jobId, batchId, labels: () => labelsOf(jobId) })

const carries = (labels: Labels, wanted: NonNullable<FeedFilter['labels']>): boolean =>
  wanted.every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value))

/** Whether a listener with this filter is to be told; a promise only where labels decide. */
export const isWanted = (notice: Notice, filter: FeedFilter): boolean | Promise<boolean> => {
  if (filter.jobId !== undefined && filter.jobId !== notice.jobId) return false
  if (filter.batchId !== undefined && filter.batchId !== notice.batchId) return false
  const { labels: wanted } = filter
  return wanted === undefined || notice.labels().then((labels) => labels !== null && carries(labels, wanted))
}
