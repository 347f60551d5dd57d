/** The last so many of a sequence, each at a place that only grows. */
export interface Ring<T> {
  /** The place of the oldest that is kept; `end()` when none is. */
  start(): number
  /** The place that the next one gets. */
  end(): number
  /** Undefined outside of `start()` to `end()`. */
  at(place: number): T | undefined
  /** Adds one; returns the one that had to go for it. */
  push(item: T): T | undefined
  /** Forgets all of them. A place that was held before, its end too, is before the start from then on. */
  clear(): void
}

export const createRing = <T>(size: number): Ring<T> => {
  let items: T[] = []
  let start = 0
  let end = 0
  return {
    start: () => start,
    end: () => end,
    at: (place) => (place < start || place >= end ? undefined : items[place % size]),
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
