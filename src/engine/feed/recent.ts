import type { ProgressView } from '../../core/job-view.js'
import type { EventPage } from '../../ports/event-store.js'
import {
  entryOfEvent,
  entryOfProgress,
  type FeedEntry,
  type FeedFilter,
  type FeedItem,
  isWanted,
  type LabelsOfJob,
} from './feed-entry.js'
import { createRing } from './ring.js'

/**
 * Listeners are handed at most so many items at once. What a stalled one was handed stays in memory until it is cut, so
 * this bounds what it costs.
 */
export const mostItemsAtOnce = 32

/** These are the wanted ones among some events. The position and the cursor are those after the last event looked at. */
export interface RecentEvents {
  readonly items: readonly FeedItem[]
  readonly next: number
  /** It is null when there was no event to look at. */
  readonly cursor: string | null
}

/** Keeps the last events and the newest progress of each job in memory, each at a position that only grows. */
export interface Recent {
  /** Returns the id of the newest event, or null before `begin`. */
  head(): string | null
  begin(head: string): void
  add(page: EventPage, labelsOf: LabelsOfJob): void
  addProgress(jobId: string, progress: ProgressView, batchId: string | null, labelsOf: LabelsOfJob): void
  /** Returns the position of what comes after this event. It is null when that is not there any more, or not yet. */
  positionAfter(cursor: string): number | null
  /** Returns whether it is still known what came at this position, or what comes there next. */
  keeps(position: number): boolean
  end(): number
  movesEnd(): number
  /** Reads at most `mostItemsAtOnce` wanted events. It stops early when events that were not read yet had to go. */
  eventsBetween(from: number, to: number, filter: FeedFilter): Promise<RecentEvents>
  /** Reads the wanted progress that nothing has made stale. */
  movesBetween(from: number, to: number, filter: FeedFilter): Promise<readonly FeedItem[]>
}

export const createRecent = (kept: number): Recent => {
  const events = createRing<FeedEntry>(kept)
  /** This maps an event id to the position after it. */
  const positions = new Map<string, number>()
  const moves = createRing<FeedEntry>(kept)
  /** This maps a job to its newest progress. Earlier progress is stale. */
  const newestMove = new Map<string, FeedEntry>()
  let head: string | null = null

  const addEvent = (entry: FeedEntry, id: string): void => {
    const dropped = events.push(entry)
    positions.set(id, events.end())
    if (dropped?.item.kind === 'event') positions.delete(dropped.item.event.id)
  }

  const isNewest = (entry: FeedEntry): boolean => entry.jobId !== null && newestMove.get(entry.jobId) === entry

  return {
    head: () => head,
    begin(newest) {
      head = newest
      positions.set(newest, events.end())
    },
    add(page, labelsOf) {
      if (page.reset) {
        // Each listener learns from the store what that means for its own cursor.
        events.clear()
        positions.clear()
      }
      for (const event of page.items) {
        addEvent(entryOfEvent(event, labelsOf), event.id)
        if (event.job !== undefined && event.job.finishedAt !== null) newestMove.delete(event.job.id)
      }
      head = page.lastId
    },
    addProgress(jobId, progress, batchId, labelsOf) {
      const entry = entryOfProgress({ jobId, batchId, progress }, labelsOf)
      newestMove.set(jobId, entry)
      const dropped = moves.push(entry)
      if (dropped?.jobId && isNewest(dropped)) newestMove.delete(dropped.jobId)
    },
    positionAfter(cursor) {
      const position = cursor === head ? events.end() : positions.get(cursor)
      return position === undefined || position < events.start() ? null : position
    },
    keeps: (position) => position >= events.start(),
    end: events.end,
    movesEnd: moves.end,
    async eventsBetween(from, to, filter) {
      const items: FeedItem[] = []
      let cursor: string | null = null
      let next = from
      while (next < to && items.length < mostItemsAtOnce) {
        const entry = events.at(next)
        if (entry?.item.kind !== 'event') break
        next += 1
        cursor = entry.item.event.id
        const wanted = isWanted(entry, filter)
        if (typeof wanted === 'boolean' ? wanted : await wanted) items.push(entry.item)
      }
      return { items, next, cursor }
    },
    async movesBetween(from, to, filter) {
      const items: FeedItem[] = []
      for (let position = Math.max(from, moves.start()); position < to; position += 1) {
        const entry = moves.at(position)
        if (entry === undefined || !isNewest(entry)) continue
        const wanted = isWanted(entry, filter)
        if (typeof wanted === 'boolean' ? wanted : await wanted) items.push(entry.item)
      }
      return items
    },
  }
}
