import { computed, signal } from '@preact/signals'
import type { StoredEvent } from '../../core/event.js'
import type { JobState } from '../../core/job.js'
import type { JobView, ProgressView } from '../../core/job-view.js'
import { type Api, ApiProblem, type Page, passes } from '../net/api.js'
import { type EventStream, openEventStream } from '../net/event-stream.js'
import { createFrames } from './frames.js'
import { createJobList, type JobList } from './job-list.js'
import { type Filter, filterQuery, matchesFilter, noFilter } from './route.js'
import { createThroughput, type HistoryAnswer } from './throughput.js'

/** `away` means that the daemon does not answer, and is asked again and again. */
export type Connection = 'connecting' | 'live' | 'away'

export interface Stats {
  readonly jobs: Readonly<Record<JobState, number>>
  /**
   * `bytesPending` counts the bytes of unsettled jobs. `bytesDue` counts those of them that are neither paused nor
   * scheduled for later.
   */
  readonly bytesPending: number
  readonly bytesDue: number
  readonly bytesPerSecond: number
}

type Item =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'progress'; readonly id: string; readonly progress: ProgressView }

const firstPage = 200
const nextPages = 1000
/** So many jobs are loaded at once. More come as the user scrolls. */
const eagerJobs = 10_000
const statsEveryMs = 300
/** Bytes move without an event, so the daemon is asked for the rate this often. */
const beatMs = 1_000
const tryAgainMs = 2_000

/**
 * Holds the jobs as they are: one snapshot, and then the changes of the event stream, applied once per frame.
 * `revision` grows with every change of `list`. The stream is opened before the snapshot is asked for, so that nothing
 * falls between them. An event that the snapshot holds already does no harm.
 */
export const createLiveJobs = (api: Api, onEvent: (event: StoredEvent) => void) => {
  const connection = signal<Connection>('connecting')
  const revision = signal(0)
  const stats = signal<Stats | null>(null)
  const loading = signal(true)
  const complete = signal(false)
  /** This is why the daemon does not list what the filter asks for. */
  const refusal = signal<string | null>(null)
  /** This is the job of the job's page. */
  const watched = signal<JobView | null>(null)
  const throughput = createThroughput()

  let filter: Filter = noFilter
  let list: JobList = createJobList(() => true)
  let cursor: string | null = null
  let generation = 0
  let stream: EventStream | null = null
  let watchedId: string | null = null
  let watchedByEvent = false
  let learning = false
  let statsTimer: ReturnType<typeof setTimeout> | null = null
  let snapshotTimer: ReturnType<typeof setTimeout> | null = null

  const touch = (): void => {
    revision.value++
  }

  const refreshStats = (): void => {
    if (statsTimer !== null) return
    const load = async (): Promise<void> => {
      stats.value = await api.get<Stats>('v1/stats').catch(() => stats.peek())
      statsTimer = null
    }
    statsTimer = setTimeout(load, stats.peek() === null ? 0 : statsEveryMs)
  }

  const refreshThroughput = async (): Promise<void> => {
    const answer = await api
      .get<HistoryAnswer>(`v1/stats/history?range=${throughput.range(Date.now())}`)
      .catch(() => null)
    if (answer !== null) throughput.take(answer, Date.now())
  }

  const beat = (): void => {
    if (stream === null || document.hidden || connection.peek() !== 'live') return
    refreshStats()
    void refreshThroughput()
  }
  setInterval(beat, beatMs)

  const take = (items: readonly Item[]): void => {
    for (const item of items) {
      if (item.kind === 'progress') {
        list.progress(item.id, item.progress)
        const seen = watched.peek()
        if (seen?.id === item.id) {
          watched.value = { ...seen, progress: item.progress }
          if (seen.upload.mode === null) learnPlan(seen.id)
        }
        continue
      }
      const { type, job } = item.event
      if (job !== undefined) {
        if (type === 'job.deleted') list.remove(job.id)
        else list.put(job)
        if (watchedId === job.id) {
          watched.value = job
          watchedByEvent = true
        }
      }
      if (type !== 'part.uploaded') refreshStats()
      onEvent(item.event)
    }
    touch()
  }
  const { add: later } = createFrames<Item>(take)

  const loadPage = async (limit: number, current: number): Promise<boolean> => {
    const query = new URLSearchParams(filterQuery(filter))
    query.set('limit', String(limit))
    if (cursor !== null) query.set('cursor', cursor)
    list.awaitPage()
    const page = await api.get<Page<JobView>>(`v1/jobs?${query}`)
    if (current !== generation) return false
    list.fill(page.items)
    cursor = page.nextCursor
    complete.value = cursor === null
    touch()
    return true
  }

  const snapshot = async (): Promise<void> => {
    const current = ++generation
    if (snapshotTimer !== null) clearTimeout(snapshotTimer)
    loading.value = true
    complete.value = false
    refusal.value = null
    cursor = null
    refreshStats()
    try {
      let more = await loadPage(firstPage, current)
      while (more && cursor !== null && list.size < eagerJobs) more = await loadPage(nextPages, current)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (current !== generation) return
      // The stream shows an outage. Until it is over, the list counts as one that is being loaded.
      if (passes(error)) {
        snapshotTimer = setTimeout(() => void snapshot(), tryAgainMs)
        return
      }
      refusal.value = error.message
    }
    if (current === generation) loading.value = false
  }

  const begin = (): void => {
    list = createJobList((job) => matchesFilter(filter, job))
    touch()
    void snapshot()
  }

  const reset = (): void => {
    list.clear()
    void snapshot()
    const seen = watched.peek()
    // The list shows which jobs are gone. The page shows what was known last.
    if (seen !== null) void watch(seen.id).catch(() => undefined)
  }

  const watch = async (id: string): Promise<void> => {
    if (watched.peek()?.id !== id) watched.value = list.get(id) ?? null
    watchedId = id
    watchedByEvent = false
    const job = await api.get<JobView>(`v1/jobs/${encodeURIComponent(id)}`)
    // What an event brought meanwhile may be newer than the answer.
    if (watchedId === id && !watchedByEvent) watched.value = job
  }

  /** No event says how a job is cut into parts. So the job is asked for again once bytes move. */
  const learnPlan = (id: string): void => {
    if (learning) return
    learning = true
    void watch(id)
      .catch(() => undefined)
      .finally(() => {
        learning = false
      })
  }

  const connect = (): void => {
    stream?.close()
    stream = openEventStream('v1/events', null, {
      onOpen: (again) => {
        connection.value = 'live'
        if (!again) {
          begin()
          // The job may have been asked for long before its events come, because a page that was hidden meanwhile
          // received none.
          if (watchedId !== null) void watch(watchedId).catch(() => undefined)
        }
        beat()
      },
      onEvent: (event) => later({ kind: 'event', event }),
      onProgress: (id, progress) => later({ kind: 'progress', id, progress }),
      onReset: reset,
      onCut: async () => {
        if (connection.peek() === 'live') connection.value = 'connecting'
        const answer = await api.get('v1/version').catch((error: unknown) => error)
        if (answer instanceof ApiProblem && answer.status === 401) return false
        if (answer instanceof ApiProblem) connection.value = 'away'
        return true
      },
    })
  }

  return {
    connection,
    revision,
    stats,
    loading,
    complete,
    refusal,
    watched,
    throughput,
    connect,
    hurry: () => stream?.hurry(),
    /** Ends the stream, for example when a token is asked for. */
    disconnect(): void {
      stream?.close()
      stream = null
      generation++
      if (snapshotTimer !== null) clearTimeout(snapshotTimer)
    },
    watch,
    unwatch(): void {
      watchedId = null
      watched.value = null
    },
    /** Returns the jobs that are shown. Read them anew whenever `revision` has grown. */
    list: (): JobList => list,
    filter: (): Filter => filter,
    setFilter(next: Filter): void {
      if (filterQuery(next) === filterQuery(filter)) return
      filter = next
      // Before the stream is open there is nothing to show yet.
      if (stream !== null) begin()
    },
    /** Loads the next page, when the reader comes near the end of the list. */
    async loadMore(): Promise<void> {
      if (loading.peek() || complete.peek()) return
      loading.value = true
      await loadPage(nextPages, generation).catch(() => false)
      loading.value = false
    },
    /** Counts the unsettled jobs that are being worked on. */
    moving: computed(() => {
      const counts = stats.value?.jobs
      return counts === undefined ? null : counts.running + counts.completing + counts.cancelling
    }),
  }
}
