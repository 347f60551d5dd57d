import type { StoredEvent } from '../../core/event.js'
import type { JobFilter } from '../../core/job-filter.js'
import type { ProgressView } from '../../core/job-view.js'
import type { EventFilter } from '../../ports/event-store.js'
import type { JobStore } from '../../ports/job-store.js'

/**
 * A listener gets these items. `ready` holds the cursor where a listener begins that brought none. `reset` means that
 * the cursor is unknown or pruned: look at the lists again and go on from `lastId`.
 */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'progress'; readonly jobId: string; readonly progress: ProgressView }
  | { readonly kind: 'ready'; readonly id: string; readonly at: string }
  | { readonly kind: 'reset'; readonly lastId: string }

/**
 * All `labels` must match those of the job or batch as it was then. A job's parts and progress go by the job as it is.
 */
export interface FeedFilter extends EventFilter {
  readonly labels?: JobFilter['labels']
}

type Labels = Readonly<Record<string, string>>

/** A feed entry is an item with what filters ask about it, worked out once for all listeners. */
export interface FeedEntry {
  readonly item: FeedItem
  readonly jobId: string | null
  readonly batchId: string | null
  /**
   * Returns the labels, or null for a job that no longer exists. It asks the store at most once, and only if a filter
   * needs the labels.
   */
  labels(): Promise<Labels | null>
}

/** Returns the labels of jobs as they are. Each job is asked for once. */
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

export const entryOfEvent = (event: StoredEvent, labelsOf: LabelsOfJob): FeedEntry => {
  const { jobId, batchId, job, batch } = event
  const own = (job ?? batch)?.labels
  return {
    item: { kind: 'event', event },
    jobId,
    batchId,
    labels: async () => own ?? labelsOf(jobId),
  }
}

export const entryOfProgress = (
  { jobId, batchId, progress }: { jobId: string; batchId: string | null; progress: ProgressView },
  labelsOf: LabelsOfJob,
): FeedEntry => ({ item: { kind: 'progress', jobId, progress }, jobId, batchId, labels: () => labelsOf(jobId) })

const carries = (labels: Labels, wanted: NonNullable<FeedFilter['labels']>): boolean =>
  wanted.every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value))

/** Returns whether a listener with this filter gets the entry. It is a promise only where labels decide. */
export const isWanted = (entry: FeedEntry, filter: FeedFilter): boolean | Promise<boolean> => {
  if (filter.jobId !== undefined && filter.jobId !== entry.jobId) return false
  if (filter.batchId !== undefined && filter.batchId !== entry.batchId) return false
  const { labels: wanted } = filter
  return wanted === undefined || entry.labels().then((labels) => labels !== null && carries(labels, wanted))
}
