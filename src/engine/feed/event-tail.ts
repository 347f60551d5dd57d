import type { Clock } from '../../ports/clock.js'
import type { EventStore } from '../../ports/event-store.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createWaker } from '../async/waker.js'
import { createLabelsOfJob, entryOfEvent, entryOfProgress, type FeedEntry } from './feed-entry.js'
import type { ProgressBoard } from './progress-board.js'
import { createRing } from './ring.js'

/** Hints can be lost, so the store is looked at this often anyway. */
const pollMs = 1_000

/** These sizes count events. A reader that is less than `kept` events behind needs no look of its own at the store. */
export interface FeedSizes {
  /** One look at the store reads so many. */
  readonly page: number
  /** So many events are kept in memory, and as many items of progress. */
  readonly kept: number
}

/**
 * Telling a reader costs a write to its socket, whether it is about one event or about ten. With thousands of readers
 * the tail therefore lets news gather between two rounds, so that no flow of events takes more than a part of the
 * thread.
 */
const gatherMsPerReader = 0.05
const longestGatherMs = 100

export interface TailDeps {
  readonly store: EventStore & Pick<JobStore, 'get'>
  readonly progress: ProgressBoard
  readonly wakeup: Wakeup
  readonly clock: Clock
}

/** This is one reader of the tail. */
export interface TailReader {
  /** Resolves at the next news, when the reader's signal aborts, or when the tail ends. */
  news(): Promise<void>
  /** Resolves when the tail has everything that was committed before the call. */
  upToDate(): Promise<void>
  leave(): void
}

/** Holds what happens from now on, which is read from the store once for all readers that keep up. */
export interface EventTail {
  /** Adds a reader. The tail ends when the last one leaves. */
  join(signal: AbortSignal): TailReader
  /**
   * Returns the position in the tail of what comes after this event. It is null when that is not there any more, or not
   * yet.
   */
  positionAfter(cursor: string): number | null
  /** Returns undefined at the end, and before what is kept. */
  eventAt(position: number): FeedEntry | undefined
  /** Returns whether the tail still knows what came at this position, or what comes there next. */
  keeps(position: number): boolean
  progressEnd(): number
  /** Returns the first entry at this position or later that is not stale, with the position to go on from. */
  progressFrom(position: number): { readonly entry: FeedEntry | undefined; readonly next: number }
  /** Returns whether no more news will come. */
  hasEnded(): boolean
  /** Returns why the tail ended, when it did not end by itself. */
  failure(): { readonly error: unknown } | null
  end(): void
}

/** Starts a tail with what happens after the call. */
export const startEventTail = ({ store, progress, wakeup, clock }: TailDeps, sizes: FeedSizes): EventTail => {
  const life = new AbortController()
  const waker = createWaker(clock)
  const events = createRing<FeedEntry>(sizes.kept)
  /** This maps an event id to the position after it. */
  const positions = new Map<string, number>()
  const moves = createRing<FeedEntry>(sizes.kept)
  /** This maps a job to its newest progress. Earlier progress is stale. */
  const newestMove = new Map<string, FeedEntry>()
  const waiting = new Set<() => void>()
  let head: string | null = null
  let readers = 0
  let roundsBegun = 0
  let roundsDone = 0
  let roundsWanted = 0
  let hasNews = false
  let failed: { readonly error: unknown } | null = null

  const wakeAll = (): void => {
    hasNews = false
    const woken = [...waiting]
    waiting.clear()
    for (const wake of woken) wake()
  }

  const addProgress = (entry: FeedEntry, jobId: string): void => {
    newestMove.set(jobId, entry)
    const dropped = moves.push(entry)
    if (dropped?.jobId && newestMove.get(dropped.jobId) === dropped) newestMove.delete(dropped.jobId)
    hasNews = true
  }

  const addEvent = (entry: FeedEntry, id: string): void => {
    const dropped = events.push(entry)
    positions.set(id, events.end())
    if (dropped?.item.kind === 'event') positions.delete(dropped.item.event.id)
    hasNews = true
  }

  /** Reads one page, and returns true when there may be more. */
  const look = async (): Promise<boolean> => {
    if (head === null) {
      head = await store.lastEventId()
      positions.set(head, events.end())
      return false
    }
    const page = await store.eventsAfter(head, {}, sizes.page)
    if (page.reset) {
      // Each reader learns from the store what that means for its own cursor.
      events.clear()
      positions.clear()
      hasNews = true
    }
    const labelsOf = createLabelsOfJob(store)
    for (const event of page.items) {
      addEvent(entryOfEvent(event, labelsOf), event.id)
      if (event.job !== undefined && event.job.finishedAt !== null) newestMove.delete(event.job.id)
    }
    head = page.lastId
    return page.items.length === sizes.page
  }

  const gather = async (): Promise<void> => {
    const ms = Math.min(longestGatherMs, readers * gatherMsPerReader)
    if (ms >= 1) await clock.sleep(ms, life.signal).catch(() => undefined)
  }

  const end = (): void => {
    if (life.signal.aborted) return
    life.abort()
    stopHints()
    stopProgress()
    wakeAll()
  }

  const run = async (): Promise<void> => {
    while (!life.signal.aborted) {
      roundsBegun += 1
      const round = roundsBegun
      while ((await look()) && !life.signal.aborted) wakeAll()
      roundsDone = round
      if (hasNews || roundsWanted >= round) wakeAll()
      await waker.wait(pollMs, life.signal)
      await gather()
    }
  }

  const stopHints = wakeup.subscribe('events', waker.poke)
  const stopProgress = progress.subscribe((jobId, view, batchId) => {
    addProgress(entryOfProgress({ jobId, batchId, progress: view }, createLabelsOfJob(store)), jobId)
    waker.poke()
  })
  run().catch((error: unknown) => {
    failed = { error }
    end()
  })

  return {
    join(signal) {
      readers += 1
      let wake = (): void => {}
      const onAbort = (): void => wake()
      signal.addEventListener('abort', onAbort)
      const news = async (): Promise<void> => {
        if (signal.aborted || life.signal.aborted) return
        await new Promise<void>((resolve) => {
          wake = resolve
          waiting.add(wake)
        })
      }
      return {
        news,
        async upToDate() {
          const wanted = roundsBegun + 1
          roundsWanted = Math.max(roundsWanted, wanted)
          waker.poke()
          while (roundsDone < wanted && !signal.aborted && !life.signal.aborted) await news()
        },
        leave() {
          signal.removeEventListener('abort', onAbort)
          waiting.delete(wake)
          readers -= 1
          if (readers === 0) end()
        },
      }
    },
    positionAfter(cursor) {
      const position = cursor === head ? events.end() : positions.get(cursor)
      return position === undefined || position < events.start() ? null : position
    },
    eventAt: events.at,
    keeps: (position) => position >= events.start(),
    progressEnd: moves.end,
    progressFrom(position) {
      for (let next = Math.max(position, moves.start()); next < moves.end(); next += 1) {
        const entry = moves.at(next)
        if (entry !== undefined && entry.jobId !== null && newestMove.get(entry.jobId) === entry) {
          return { entry, next: next + 1 }
        }
      }
      return { entry: undefined, next: moves.end() }
    },
    hasEnded: () => life.signal.aborted,
    failure: () => failed,
    end,
  }
}
