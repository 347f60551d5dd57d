/** Seconds that the chart shows. */
export const shownSeconds = 300
/** A point of the chart is the mean of so many seconds, for the eye. */
const meanSeconds = 3
/** A second may be told while it lasts; it is asked for again as long as it is so young. */
const overlapSeconds = 10

/** What `GET /v1/stats/history` answers, as far as the chart needs it. */
export interface HistoryAnswer {
  readonly stepSeconds: number
  readonly items: readonly { readonly at: string; readonly bytesPerSecond: number }[]
}

/** Bytes that went to OSS, second by second, as the daemon tells it. */
export interface Throughput {
  /** The `range` to ask for: everything that is shown at first and after a pause, else what is new. */
  range(nowMs: number): string
  /** Takes an answer that arrived at `nowMs`. Steps that are no single seconds are ignored. */
  take(answer: HistoryAnswer, nowMs: number): void
  /** Bytes per second of the last `shownSeconds` whole seconds, oldest first; null where the daemon knows nothing. */
  series(): (number | null)[]
}

/**
 * Keeps the daemon's own seconds. Its clock may differ from this one's, so its newest second is what the chart ends with;
 * while the daemon is away the chart stays as it was last seen.
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
