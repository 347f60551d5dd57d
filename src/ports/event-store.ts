import type { StoredEvent } from '../core/event.js'

export interface EventFilter {
  readonly jobId?: string
  readonly batchId?: string
}

/** `reset` says that what was asked for is not kept. `lastId` is the id to go on from. */
export interface EventPage {
  readonly items: readonly StoredEvent[]
  readonly reset: boolean
  readonly lastId: string
}

export interface EventStore {
  /** Returns the id after which only future events come. */
  lastEventId(): Promise<string>
  /**
   * Returns the events after `after` (null: from the oldest kept), the oldest first. `reset` is true when `after` is
   * not an id of this store, or when events behind it are no longer kept; then `items` is empty. `lastId` is the id to
   * go on from.
   */
  eventsAfter(after: string | null, filter: EventFilter, limit: number): Promise<EventPage>
}
