import { type EventTail, type FeedSizes, startEventTail, type TailDeps, type TailReader } from './event-tail.js'
import { createLabelsOfJob, entryOfEvent, type FeedFilter, type FeedItem, isWanted } from './feed-entry.js'

export type { FeedFilter, FeedItem } from './feed-entry.js'

/** This stands in place of an event id and means: from the beginning, as far as it is kept. */
export const oldestKept = 'oldest'

export interface EventFeed {
  /**
   * Yields the events after `after`, and then live ones, until the signal aborts or the feed closes (the iteration just
   * ends). `after: null` starts with `ready`, which says where the stream begins, and goes on with what happens from
   * now on. `oldestKept` starts with the oldest event that is kept. Listeners that keep up get the very same items, and
   * cost the store nothing.
   */
  listen(after: string | null, filter: FeedFilter, signal: AbortSignal): AsyncIterable<FeedItem>
  /** Ends every listener. It is idempotent. */
  close(): void
}

interface Reader {
  readonly tail: EventTail
  readonly tailReader: TailReader
  readonly filter: FeedFilter
  /** This is the position of progress in the tail. */
  progressPosition: number
  isOver(): boolean
}

/**
 * Yields what is in the tail from `position` on, and the newest progress once it has yielded all events there are.
 * Returns the cursor of a reader that was so slow that the tail has passed it.
 */
async function* follow(reader: Reader, from: { cursor: string; position: number }): AsyncGenerator<FeedItem, string> {
  const { tail, tailReader, filter } = reader
  let { cursor, position } = from
  while (!reader.isOver() && tail.keeps(position)) {
    const event = tail.eventAt(position)
    if (event !== undefined) {
      position += 1
      if (event.item.kind === 'event') cursor = event.item.event.id
      if (await isWanted(event, filter)) yield event.item
      continue
    }
    const { entry, next } = tail.progressFrom(reader.progressPosition)
    reader.progressPosition = next
    if (entry === undefined) await tailReader.news()
    else if (await isWanted(entry, filter)) yield entry.item
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

  /**
   * A reader that is in the tail reads from there. A reader that is behind reads by itself until nothing is left, and
   * then waits until the tail has come as far. A position in the tail is exact, so nothing is lost and nothing comes
   * twice.
   */
  async function* tell(reader: Reader, after: string | null): AsyncGenerator<FeedItem> {
    const { tail, tailReader, filter } = reader
    let cursor = after === oldestKept ? null : (after ?? (await store.lastEventId()))
    let isAhead = after === null
    if (after === null && cursor !== null && !reader.isOver()) {
      yield { kind: 'ready', id: cursor, at: new Date(clock.now()).toISOString() }
    }
    while (!reader.isOver()) {
      const position = cursor === null ? null : tail.positionAfter(cursor)
      if (cursor !== null && position !== null) {
        cursor = yield* follow(reader, { cursor, position })
        isAhead = false
      } else if (isAhead) {
        await tailReader.upToDate()
        isAhead = false
      } else {
        const page = await store.eventsAfter(cursor, filter, sizes.page)
        if (page.reset) yield { kind: 'reset', lastId: page.lastId }
        const labelsOf = createLabelsOfJob(store)
        for (const event of page.items) {
          const entry = entryOfEvent(event, labelsOf)
          if (await isWanted(entry, filter)) yield entry.item
        }
        cursor = page.lastId
        isAhead = page.items.length < sizes.page
      }
    }
    const failure = tail.failure()
    if (failure !== null) throw failure.error
  }

  return {
    async *listen(after, filter, signal) {
      if (isClosed || signal.aborted) return
      const tail = tailOfAll()
      const tailReader = tail.join(signal)
      const isOver = (): boolean => signal.aborted || tail.hasEnded()
      try {
        yield* tell({ tail, tailReader, filter, progressPosition: tail.progressEnd(), isOver }, after)
      } finally {
        tailReader.leave()
      }
    },
    close() {
      isClosed = true
      current?.end()
    },
  }
}
