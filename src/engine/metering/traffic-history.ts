import type { Job } from '../../core/job.js'
import type { Clock } from '../../ports/clock.js'

/**
 * This is what happened in one step of time. `at` is the instant at which the step begins, in milliseconds since the
 * epoch.
 */
export interface HistoryStep {
  readonly at: number
  readonly bytesPerSecond: number
  /** This counts the jobs that completed. */
  readonly filesPerSecond: number
  /** This counts the jobs that failed within the step. */
  readonly failed: number
}

export interface TrafficHistory {
  /** Bytes were handed to the network, whatever becomes of them. */
  moved(bytes: number): void
  /** A run settled this job. */
  settled(job: Pick<Job, 'state'>): void
  /**
   * Returns the steps of the last `rangeMs`, oldest first, none from before the daemon started. The last step is still
   * under way, and its rates are those of the seconds that it has had so far.
   */
  read(rangeMs: number): { readonly stepSeconds: number; readonly steps: readonly HistoryStep[] }
}

/** Older seconds are forgotten. */
export const historySeconds = 3600
/** An answer has at most this many whole steps, so that an hour costs no more than some minutes. */
const mostSteps = 360
const stepLengths = [1, 2, 5, 10] as const
/**
 * The wall clock may be this far from the monotonic one before the instants follow it, because corrections must not
 * shift steps.
 */
const allowedDriftMs = 1_000

/**
 * Keeps what went to OSS in each second of the last hour, which is three numbers a second, whatever happens. The
 * seconds are those of the monotonic clock, so that a wall clock that is set does no harm.
 */
export const createTrafficHistory = (clock: Pick<Clock, 'now' | 'monotonic'>): TrafficHistory => {
  const length = historySeconds + 1
  const columns = {
    bytes: new Float64Array(length),
    completed: new Float64Array(length),
    failed: new Float64Array(length),
  }
  const second = (): number => Math.floor(clock.monotonic() / 1000)
  const firstSecond = second()
  /** All seconds up to this one are right. Those behind it still hold what was there an hour ago. */
  let newest = firstSecond
  let epochMs = clock.now() - clock.monotonic()

  /** Clears the seconds that passed since the last call, in which nothing happened. Returns the current second. */
  const advance = (): number => {
    const now = second()
    const from = Math.max(newest + 1, now - length + 1)
    for (let passed = from; passed <= now; passed++) {
      for (const column of Object.values(columns)) column[passed % length] = 0
    }
    newest = Math.max(newest, now)
    return newest
  }

  const add = (column: Float64Array, amount: number): void => {
    const index = advance() % length
    column[index] = (column[index] ?? 0) + amount
  }

  const sum = (column: Float64Array, first: number, last: number): number => {
    let total = 0
    for (let at = first; at <= last; at++) total += column[at % length] ?? 0
    return total
  }

  const instantOf = (at: number): number => {
    const offset = clock.now() - clock.monotonic()
    if (Math.abs(offset - epochMs) > allowedDriftMs) epochMs = offset
    return Math.round(epochMs + at * 1000)
  }

  return {
    moved: (bytes) => add(columns.bytes, bytes),
    settled({ state }) {
      if (state === 'completed') add(columns.completed, 1)
      else if (state === 'failed') add(columns.failed, 1)
    },
    read(rangeMs) {
      const now = advance()
      const seconds = Math.min(historySeconds, Math.max(1, Math.ceil(rangeMs / 1000)))
      const stepSeconds = stepLengths.find((length) => seconds / length <= mostSteps) ?? 10
      const oldest = Math.max(firstSecond, now - seconds + 1)
      const steps: HistoryStep[] = []
      // Steps begin at multiples of their length, so that two answers have the same steps.
      for (let from = Math.floor(oldest / stepSeconds) * stepSeconds; from <= now; from += stepSeconds) {
        const first = Math.max(from, firstSecond, now - historySeconds)
        const last = Math.min(from + stepSeconds - 1, now)
        const lasted = last - first + 1
        steps.push({
          at: instantOf(from),
          bytesPerSecond: Math.round(sum(columns.bytes, first, last) / lasted),
          filesPerSecond: Math.round((sum(columns.completed, first, last) * 1000) / lasted) / 1000,
          failed: sum(columns.failed, first, last),
        })
      }
      return { stepSeconds, steps }
    },
  }
}
