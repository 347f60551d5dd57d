import type { Place, TakeItems } from './audience.js'
import { type EventTail, type FeedSizes, startEventTail, type TailDeps, type TailReader } from './event-tail.js'
import { createLabelsOfJob, entryOfEvent, type FeedFilter, type FeedItem, isWanted } from './feed-entry.js'
import { mostItemsAtOnce } from './recent.js'

export type { TakeItems } from './audience.js'
export type { FeedFilter, FeedItem } from './feed-entry.js'

/** This stands in place of an event id and means: from the beginning, as far as it is kept. */
export const oldestKept = 'oldest'

export interface EventFeed {
  /**
   * Hands `take` the events after `after`, and then live ones. Resolves when `take` wants no more, the signal aborts or
   * the feed closes. `after: null` starts with `ready`, which says where the stream begins, and goes on with what happens
   * from now on. `oldestKept` starts with the oldest event that is kept. Listeners that keep up and have the same filter
   * are handed the very same arrays, and cost the store nothing.
   */
  listen(after: string | null, filter: FeedFilter, take: TakeItems, signal: AbortSignal): Promise<void>
  /** Ends every listener. It is idempotent. */
  close(): void
}

interface Reader {
  readonly tail: EventTail
  readonly tailReader: TailReader
  readonly filter: FeedFilter
  /** Hands items over, if there are any, and resolves to whether the reader takes more. */
  hand(items: readonly FeedItem[]): Promise<boolean>
  /** This is the position of progress in the tail. */
  movesPosition: number
  isOver(): boolean
}

/**
 * Tells a reader what the tail has in memory, from `position` on, until it was told what those that keep up were told.
 * Then it is one of them, until it falls behind. Returns the cursor of a reader that was so slow that the tail has passed
 * it, or null for one that shall get nothing more.
 */
const follow = async (reader: Reader, from: { cursor: string; position: number }): Promise<string | null> => {
  const { filter, hand } = reader
  const { recent } = reader.tail
  const others = reader.tailReader
  let { cursor, position } = from
  while (!reader.isOver() && recent.keeps(position)) {
    if (position < others.position()) {
      const told = await recent.eventsBetween(position, others.position(), filter)
      position = told.next
      cursor = told.cursor ?? cursor
      if (!(await hand(told.items))) return null
    } else if (position > others.position()) {
      await others.upToDate()
    } else if (reader.movesPosition < others.movesPosition()) {
      const to = others.movesPosition()
      const moves = await recent.movesBetween(reader.movesPosition, to, filter)
      reader.movesPosition = to
      if (!(await hand(moves))) return null
    } else {
      const place: Place | null = await others.keepUp(cursor)
      if (place === null) return null
      ;({ cursor, position } = place)
      reader.movesPosition = place.movesPosition
    }
  }
  return cursor
}

const usualSizes: FeedSizes = { page: 200, kept: 1_000 }

export const createEventFeed = (deps: TailDeps, sizes: FeedSizes = usualSizes): EventFeed => {
  const { store, clock } = deps
  let isClosed = false
  let current: EventTail | null = null

  const tailOfAll = (): EventTail => {
    if (current === null || current.hasEnded()) current = startEventTail(deps, sizes)
    return current
  }

  const handAll = async ({ hand, isOver }: Reader, items: readonly FeedItem[]): Promise<boolean> => {
    for (let from = 0; from < items.length; from += mostItemsAtOnce) {
      if (isOver() || !(await hand(items.slice(from, from + mostItemsAtOnce)))) return false
    }
    return true
  }

  /** Reads what the store has behind a cursor, for a reader that is not in the tail. */
  const wantedAfter = async (cursor: string | null, filter: FeedFilter) => {
    const page = await store.eventsAfter(cursor, filter, sizes.page)
    const labelsOf = createLabelsOfJob(store)
    const items: FeedItem[] = page.reset ? [{ kind: 'reset', lastId: page.lastId }] : []
    for (const event of page.items) {
      const entry = entryOfEvent(event, labelsOf)
      if (await isWanted(entry, filter)) items.push(entry.item)
    }
    return { items, cursor: page.lastId, mayBeMore: page.items.length === sizes.page }
  }

  /**
   * A reader that is in the tail reads from there. A reader that is behind reads by itself until nothing is left, and
   * then waits until the tail has come as far. A position in the tail is exact, so nothing is lost and nothing comes
   * twice.
   */
  const tell = async (reader: Reader, after: string | null): Promise<void> => {
    const { tail, tailReader, filter, isOver } = reader
    let cursor = after === oldestKept ? null : (after ?? (await store.lastEventId()))
    let isAhead = after === null
    if (after === null && cursor !== null && !isOver()) {
      const ready: FeedItem = { kind: 'ready', id: cursor, at: new Date(clock.now()).toISOString() }
      if (!(await reader.hand([ready]))) return
    }
    while (!isOver()) {
      const position = cursor === null ? null : tail.recent.positionAfter(cursor)
      if (cursor !== null && position !== null) {
        cursor = await follow(reader, { cursor, position })
        if (cursor === null) return
        isAhead = false
      } else if (isAhead) {
        await tailReader.upToDate()
        isAhead = false
      } else {
        const page = await wantedAfter(cursor, filter)
        if (!(await handAll(reader, page.items))) return
        cursor = page.cursor
        isAhead = !page.mayBeMore
      }
    }
  }

  return {
    async listen(after, filter, take, signal) {
      if (isClosed || signal.aborted) return
      const tail = tailOfAll()
      const tailReader = tail.join(filter, take, signal)
      const isOver = (): boolean => signal.aborted || tail.hasEnded()
      const hand = async (items: readonly FeedItem[]): Promise<boolean> => items.length === 0 || (take(items) ?? true)
      const movesPosition = tail.recent.movesEnd()
      try {
        await tell({ tail, tailReader, filter, hand, movesPosition, isOver }, after)
      } finally {
        tailReader.leave()
      }
      const failure = tail.failure()
      if (failure !== null && !signal.aborted) throw failure.error
    },
    close() {
      isClosed = true
      current?.end()
    },
  }
}
