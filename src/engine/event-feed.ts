import type { StoredEvent } from '../core/event.js'
import type { ProgressView } from '../core/job-view.js'
import type { Clock } from '../ports/clock.js'
import type { EventFilter, EventStore, JobFilter, JobStore } from '../ports/store.js'
import type { Wakeup } from '../ports/wakeup.js'
import { createNudge } from './nudge.js'
import type { ProgressBoard } from './progress-board.js'

/** What a listener is told. `reset`: the cursor is unknown or pruned; look at the lists again and go on from `lastId`. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'progress'; readonly jobId: string; readonly progress: ProgressView }
  | { readonly kind: 'reset'; readonly lastId: string }

/** In place of an event id: from the beginning, as far as it is kept. */
export const oldestKept = 'oldest'

/** `labels`: all must match, of the job or batch as it was then; a job's parts and progress go with the job as it is. */
export interface FeedFilter extends EventFilter {
  readonly labels?: JobFilter['labels']
}

export interface EventFeed {
  /**
   * Events after `after`, then live ones, until the signal aborts or the feed closes (the iteration just ends).
   * `after: null` starts with what happens from now on, `oldestKept` with the oldest event that is kept.
   */
  listen(after: string | null, filter: FeedFilter, signal: AbortSignal): AsyncIterable<FeedItem>
  /** Ends every listener. Idempotent. */
  close(): void
}

interface Deps {
  readonly store: EventStore & Pick<JobStore, 'get'>
  readonly progress: ProgressBoard
  readonly wakeup: Wakeup
  readonly clock: Clock
}

const pageSize = 200
/** Hints can be lost, so the store is looked at this often anyway. */
const pollMs = 1_000

const carries = (labels: Readonly<Record<string, string>>, wanted: NonNullable<FeedFilter['labels']>): boolean =>
  wanted.every(({ key, value }) => Object.hasOwn(labels, key) && (value === null || labels[key] === value))

export const createEventFeed = ({ store, progress, wakeup, clock }: Deps): EventFeed => {
  const closing = new AbortController()

  const jobCarries = async (jobId: string | null, wanted: NonNullable<FeedFilter['labels']>): Promise<boolean> => {
    const job = jobId === null ? null : await store.get(jobId)
    return job !== null && carries(job.labels, wanted)
  }

  const isWanted = async ({ job, batch, jobId }: StoredEvent, wanted: FeedFilter['labels']): Promise<boolean> => {
    if (wanted === undefined) return true
    const labels = (job ?? batch)?.labels
    return labels === undefined ? jobCarries(jobId, wanted) : carries(labels, wanted)
  }

  async function* listen(after: string | null, filter: FeedFilter, signal: AbortSignal): AsyncGenerator<FeedItem> {
    const { labels } = filter
    const nudge = createNudge(clock)
    const ended = new AbortController()
    const end = (): void => ended.abort()
    signal.addEventListener('abort', end)
    closing.signal.addEventListener('abort', end)
    if (signal.aborted || closing.signal.aborted) end()
    // Newest progress per job: a slow listener skips what is stale instead of queueing it.
    const moved = new Map<string, ProgressView>()
    const stopHints = wakeup.subscribe('events', nudge.poke)
    const stopProgress = progress.subscribe((jobId, view, batchId) => {
      if (filter.batchId !== undefined && filter.batchId !== batchId) return
      if (filter.jobId !== undefined && filter.jobId !== jobId) return
      moved.set(jobId, view)
      nudge.poke()
    })
    try {
      let cursor = after === oldestKept ? null : (after ?? (await store.lastEventId()))
      while (!ended.signal.aborted) {
        const page = await store.eventsAfter(cursor, filter, pageSize)
        if (page.reset) yield { kind: 'reset', lastId: page.lastId }
        for (const event of page.items) if (await isWanted(event, labels)) yield { kind: 'event', event }
        cursor = page.lastId
        for (const [jobId, view] of moved) {
          moved.delete(jobId)
          if (labels !== undefined && !(await jobCarries(jobId, labels))) continue
          yield { kind: 'progress', jobId, progress: view }
        }
        if (page.items.length < pageSize) await nudge.wait(pollMs, ended.signal)
      }
    } finally {
      stopHints()
      stopProgress()
      signal.removeEventListener('abort', end)
      closing.signal.removeEventListener('abort', end)
    }
  }

  return { listen, close: () => closing.abort() }
}
