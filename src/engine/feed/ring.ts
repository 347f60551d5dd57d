/** A ring keeps the last items of a sequence, each at a position that only grows. */
export interface Ring<T> {
  /** Returns the position of the oldest item that is kept, or `end()` when none is. */
  start(): number
  /** Returns the position that the next item gets. */
  end(): number
  /** Returns undefined outside of `start()` to `end()`. */
  at(position: number): T | undefined
  /** Adds an item, and returns the item that had to go for it. */
  push(item: T): T | undefined
  /** Forgets all items. A position that a caller held before, including the end, lies before the start from then on. */
  clear(): void
}

export const createRing = <T>(size: number): Ring<T> => {
  let items: T[] = []
  let start = 0
  let end = 0
  return {
    start: () => start,
    end: () => end,
    at: (position) => (position < start || position >= end ? undefined : items[position % size]),
    push(item) {
      const slot = end % size
      const dropped = end - start === size ? items[slot] : undefined
      items[slot] = item
      end += 1
      if (end - start > size) start += 1
      return dropped
    },
    clear() {
      items = []
      end += 1
      start = end
    },
  }
}
