import type { StoredEvent } from '../core/event.js'
import type { ProgressView } from '../core/job-view.js'
import type { EventFilter } from '../ports/store.js'

/** What a listener is told. `reset`: the cursor is unknown or pruned; look at the lists again and go on from `lastId`. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'progress'; readonly jobId: string; readonly progress: ProgressView }
  | { readonly kind: 'reset'; readonly lastId: string }

export interface EventFeed {
  /**
   * Events after `after`, then live ones, until the signal aborts or the feed closes (the iteration just ends).
   * `after: null` starts with what happens from now on.
   */
  listen(after: string | null, filter: EventFilter, signal: AbortSignal): AsyncIterable<FeedItem>
  /** Ends every listener. Idempotent. */
  close(): void
}
