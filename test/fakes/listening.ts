import type { EventFeed, FeedFilter, FeedItem } from '../../src/engine/feed/event-feed.js'

/**
 * Yields what a feed hands to a listener. The listener keeps up while at most `mostQueued` items wait for whoever iterates;
 * with more, it takes nothing until all of them were yielded.
 */
export async function* listening(
  feed: EventFeed,
  { after, filter = {}, mostQueued = 8 }: { after: string | null; filter?: FeedFilter; mostQueued?: number },
  signal: AbortSignal,
): AsyncGenerator<FeedItem> {
  const queue: FeedItem[] = []
  let wake = (): void => {}
  let makeRoom = (): void => {}
  let isOver = false
  let error: unknown = null
  const left = new AbortController()
  const hangUp = (): void => {
    left.abort()
    makeRoom()
  }
  signal.addEventListener('abort', hangUp)
  if (signal.aborted) hangUp()
  feed
    .listen(
      after,
      filter,
      (items) => {
        queue.push(...items)
        wake()
        if (queue.length <= mostQueued) return null
        return new Promise((resolve) => {
          makeRoom = () => resolve(true)
        })
      },
      left.signal,
    )
    .catch((reason: unknown) => {
      error = reason
    })
    .finally(() => {
      isOver = true
      wake()
    })
  try {
    for (;;) {
      const item = queue.shift()
      if (item !== undefined && !signal.aborted) yield item
      else if (isOver || signal.aborted) break
      else {
        makeRoom()
        await new Promise<void>((resolve) => {
          wake = resolve
          if (isOver || queue.length > 0) resolve()
        })
      }
    }
    if (error !== null) throw error
  } finally {
    signal.removeEventListener('abort', hangUp)
    hangUp()
  }
}
