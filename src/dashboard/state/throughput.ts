/** The chart shows this many seconds. */
export const shownSeconds = 300
/** A point of the chart is the mean of so many seconds, so that the line is calm to look at. */
const meanSeconds = 3
/** A second may be reported while it still lasts, so it is asked for again as long as it is so young. */
const overlapSeconds = 10

/** This is what `GET /v1/stats/history` answers, as far as the chart needs it. */
export interface HistoryAnswer {
  readonly stepSeconds: number
  readonly items: readonly { readonly at: string; readonly bytesPerSecond: number }[]
}

/** Holds the bytes that went to OSS, second by second, as the daemon reports them. */
export interface Throughput {
  /**
   * Returns the `range` to ask for. It is everything that is shown at first and after a pause, and otherwise only what
   * is new.
   */
  range(nowMs: number): string
  /** Takes an answer that arrived at `nowMs`. Steps that are not single seconds are ignored. */
  take(answer: HistoryAnswer, nowMs: number): void
  /**
   * Returns the bytes per second of the last `shownSeconds` whole seconds, oldest first. A value is null where the
   * daemon knows nothing.
   */
  series(): (number | null)[]
}

/**
 * Keeps the daemon's own seconds. Its clock may differ from this computer's clock, so the chart ends with the daemon's
 * newest second. While the daemon is away the chart stays as it was last seen.
 */
export const createThroughput = (): Throughput => {
  const seconds = new Map<number, number>()
  let newest: number | null = null
  let takenAtMs = Number.NEGATIVE_INFINITY

  const meanUntil = (last: number): number | null => {
    const known = Array.from({ length: meanSeconds }, (_, back) => seconds.get(last - back)).filter(
      (bytes) => bytes !== undefined,
    )
    return seconds.has(last) ? known.reduce((sum, bytes) => sum + bytes, 0) / known.length : null
  }

  return {
    range: (nowMs) =>
      nowMs - takenAtMs < (overlapSeconds - 2) * 1000 ? `${overlapSeconds}s` : `${shownSeconds + meanSeconds}s`,
    take({ stepSeconds, items }, nowMs) {
      if (stepSeconds !== 1) return
      for (const { at, bytesPerSecond } of items) seconds.set(Math.floor(Date.parse(at) / 1000), bytesPerSecond)
      const last = items.at(-1)
      if (last === undefined) return
      takenAtMs = nowMs
      newest = Math.floor(Date.parse(last.at) / 1000)
      const oldest = newest - shownSeconds - meanSeconds
      for (const second of seconds.keys()) if (second < oldest || second > newest) seconds.delete(second)
    },
    series() {
      // The newest second still lasts.
      const last = (newest ?? 0) - 1
      return Array.from({ length: shownSeconds }, (_, index) => meanUntil(last - shownSeconds + 1 + index))
    },
  }
}
