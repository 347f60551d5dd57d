import type { Clock } from '../../ports/clock.js'
import type { EventStore } from '../../ports/event-store.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createWaker } from '../async/waker.js'
import { createAudience, type Place, type TakeItems } from './audience.js'
import { createLabelsOfJob, type FeedFilter } from './feed-entry.js'
import type { ProgressBoard } from './progress-board.js'
import { createRecent, type Recent } from './recent.js'
import { restMsAfter } from './round-pace.js'

/** Hints can be lost, so the store is looked at this often anyway. */
const pollMs = 1_000

/** These sizes count events. A reader that is less than `kept` events behind needs no look of its own at the store. */
export interface FeedSizes {
  /** One look at the store reads so many. */
  readonly page: number
  /** So many events are kept in memory, and as many items of progress. */
  readonly kept: number
}

export interface TailDeps {
  readonly store: EventStore & Pick<JobStore, 'get'>
  readonly progress: ProgressBoard
  readonly wakeup: Wakeup
  readonly clock: Clock
}

/** This is one reader of the tail. */
export interface TailReader {
  /** Those that keep up have been told what stands before these positions. */
  position(): number
  movesPosition(): number
  /**
   * Hands the reader what is new, round by round, as long as it takes it. The reader must have been told what those that
   * keep up were told. Resolves when the reader has fallen behind and takes more again, with the place that it reached,
   * and to null when it shall get nothing more: it said so, its signal aborted, or the tail ended.
   */
  keepUp(cursor: string): Promise<Place | null>
  /** Resolves when the tail has everything that was committed before the call. */
  upToDate(): Promise<void>
  leave(): void
}

/** Holds what happens from now on, which is read from the store once for all readers that keep up. */
export interface EventTail {
  readonly recent: Recent
  /** Adds a reader. The tail ends when the last one leaves. */
  join(filter: FeedFilter, take: TakeItems, signal: AbortSignal): TailReader
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
  const recent = createRecent(sizes.kept)
  const audience = createAudience(recent, clock)
  /** These wait for the end of a round. */
  const waiting = new Set<() => void>()
  let readers = 0
  let roundsBegun = 0
  let roundsDone = 0
  let failed: { readonly error: unknown } | null = null

  const wakeAll = (): void => {
    const woken = [...waiting]
    waiting.clear()
    for (const wake of woken) wake()
  }

  /** Reads one page, and returns true when there may be more. */
  const look = async (): Promise<boolean> => {
    const head = recent.head()
    if (head === null) {
      recent.begin(await store.lastEventId())
      return false
    }
    const page = await store.eventsAfter(head, {}, sizes.page)
    recent.add(page, createLabelsOfJob(store))
    return page.items.length === sizes.page
  }

  const end = (): void => {
    if (life.signal.aborted) return
    life.abort()
    stopHints()
    stopProgress()
    audience.dismiss()
    wakeAll()
  }

  const run = async (): Promise<void> => {
    while (!life.signal.aborted) {
      roundsBegun += 1
      let handed = 0
      let tookMs = 0
      let hasMore = true
      while (hasMore && !life.signal.aborted) {
        hasMore = await look()
        const telling = await audience.tell()
        handed += telling.handed
        tookMs += telling.tookMs
      }
      roundsDone = roundsBegun
      wakeAll()
      const restUntil = clock.monotonic() + restMsAfter({ handed, tookMs })
      await waker.wait(pollMs, life.signal)
      const restMs = restUntil - clock.monotonic()
      if (restMs > 0) await clock.sleep(restMs, life.signal).catch(() => undefined)
    }
  }

  const stopHints = wakeup.subscribe('events', waker.poke)
  const stopProgress = progress.subscribe((jobId, view, batchId) => {
    recent.addProgress(jobId, view, batchId, createLabelsOfJob(store))
    waker.poke()
  })
  run().catch((error: unknown) => {
    failed = { error }
    end()
  })

  return {
    recent,
    join(filter, take, signal) {
      readers += 1
      const group = audience.join(filter)
      let onAbort = (): void => {}
      const abort = (): void => onAbort()
      signal.addEventListener('abort', abort)
      const isOver = (): boolean => signal.aborted || life.signal.aborted
      return {
        position: group.position,
        movesPosition: group.movesPosition,
        async keepUp(cursor) {
          if (isOver()) return null
          return new Promise((resolve) => {
            const member = { take, left: resolve }
            onAbort = () => {
              group.remove(member)
              resolve(null)
            }
            group.add(member, cursor)
          })
        },
        async upToDate() {
          const wanted = roundsBegun + 1
          waker.poke()
          while (roundsDone < wanted && !isOver()) {
            await new Promise<void>((resolve) => {
              onAbort = () => {
                waiting.delete(resolve)
                resolve()
              }
              waiting.add(resolve)
            })
          }
        },
        leave() {
          signal.removeEventListener('abort', abort)
          onAbort()
          group.leave()
          readers -= 1
          if (readers === 0) end()
        },
      }
    },
    hasEnded: () => life.signal.aborted,
    failure: () => failed,
    end,
  }
}
