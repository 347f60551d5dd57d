/** This is a shared speed limit for bytes that have been received. */
export interface Bandwidth {
  /** Takes bytes per second, or null for no limit. The change takes effect at once, also for calls that wait. */
  set(bytesPerSecond: number | null): void
  /** Books `byteCount` bytes and resolves when the next ones may be read, or when `signal` aborts. */
  pass(byteCount: number, signal: AbortSignal): Promise<void>
}

/**
 * A sleep that was too long is made up for within this time, so that coarse timers do not slow the whole transfer down.
 */
const creditMs = 25
/** Shorter waits are saved up, because a timer per chunk would cost more than it gains. */
const worthWaitingMs = 4

/** `now` is a monotonic clock in milliseconds. */
export const createBandwidth = (
  bytesPerSecond: number | null,
  now: () => number = () => performance.now(),
): Bandwidth => {
  let rate = bytesPerSecond
  /** This is when the bytes booked so far will have passed at the present rate. */
  let bookedUntil = 0
  const waiting = new Set<() => void>()

  return {
    set(next) {
      rate = next
      bookedUntil = now()
      for (const wake of [...waiting]) wake()
    },
    pass(byteCount, signal) {
      if (rate === null) return Promise.resolve()
      bookedUntil = Math.max(bookedUntil, now() - creditMs) + (byteCount / rate) * 1000
      const waitMs = bookedUntil - now()
      if (waitMs < worthWaitingMs || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const timer = setTimeout(wake, waitMs)
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    },
  }
}
