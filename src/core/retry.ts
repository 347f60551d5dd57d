import type { FailureKind, JobErrorCode } from './failure.js'

/** These are the bounds of the retries of one request. Times are milliseconds. */
export interface RetryLimits {
  /** The number of charged tries of one request before its job fails. */
  readonly maxAttempts: number
  readonly baseMs: number
  readonly capMs: number
}

export const defaultBaseMs = 500
export const defaultCapMs = 60_000

/** A job waits for so long before it looks again at a source whose file system does not answer. */
export const stalledDelayMs = 15_000

/** So many integrity failures in a row, or local read errors, fail a job. */
const maxIntegrityFailures = 3
const maxLocalFailures = 3

/** What one request has gone through. Each request has its own; parts never share one. */
export interface RetryCount {
  /** The number of failures in a row. */
  readonly failures: number
  /** The number of tries that count against `maxAttempts`. */
  readonly charged: number
  /** The number of failures in a row while nothing healthy came from the endpoint. */
  readonly silent: number
  readonly integrity: number
  readonly local: number
}

/**
 * Returns the state of a request whose earlier tries were charged so often. Its waits go on growing from where they
 * were.
 */
export const freshRetryCount = (charged = 0): RetryCount => ({
  failures: charged,
  charged,
  silent: 0,
  integrity: 0,
  local: 0,
})

export type RetryDecision =
  /** The same request is sent again after `delayMs`. */
  | { readonly act: 'retry'; readonly delayMs: number }
  /** It is useless to go on until there are other keys. The job waits without losing attempts. */
  | { readonly act: 'yield'; readonly waiting: 'credentials' }
  /** The source gives nothing now. The job waits without losing attempts and looks again after `delayMs`. */
  | { readonly act: 'yield'; readonly waiting: 'source'; readonly delayMs: number }
  /** The job fails with this code. */
  | { readonly act: 'fail'; readonly code: JobErrorCode }
  /** Trying again is no answer here. The caller knows what the failure means. */
  | { readonly act: 'hand_back' }

/** Returns the delay before the next try after so many failures in a row: twice as long each time, up to `longestMs`. */
export const doubled = (firstMs: number, failures: number, longestMs: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30))

/**
 * Returns a wait with full jitter: anywhere between nothing and the exponential bound, so that many clients spread out.
 */
export const fullJitter = (failures: number, limits: Pick<RetryLimits, 'baseMs' | 'capMs'>, random: number): number =>
  Math.floor(random * doubled(limits.baseMs, failures, limits.capMs))

interface Met {
  readonly kind: FailureKind
  readonly retryAfterMs: number | null
  /**
   * True when some request got a healthy answer from the same endpoint and bucket since the last failure of this one.
   */
  readonly healthySince: boolean
}

/**
 * Returns what to do after a failed try, and the new counts. A try is charged only when the endpoint was healthy to
 * some request since the last one, so an outage uses up nothing and fails nothing. `random` is in [0, 1).
 */
export const decideRetry = (
  retryCount: RetryCount,
  met: Met,
  limits: RetryLimits,
  random: number,
): { readonly retryCount: RetryCount; readonly decision: RetryDecision } => {
  const failures = retryCount.failures + 1
  const wait = (): RetryDecision => ({
    act: 'retry',
    delayMs: Math.max(fullJitter(failures, limits, random), Math.min(met.retryAfterMs ?? 0, limits.capMs)),
  })
  switch (met.kind) {
    case 'transient':
    case 'throttled':
    case 'setup':
    case 'clock': {
      const charged = retryCount.charged + (met.healthySince ? 1 : 0)
      const silent = met.healthySince ? 0 : retryCount.silent + 1
      const next = { ...retryCount, failures, charged, silent, integrity: 0 }
      if (charged >= limits.maxAttempts)
        return { retryCount: next, decision: { act: 'fail', code: 'too_many_attempts' } }
      return { retryCount: next, decision: wait() }
    }
    case 'integrity': {
      const next = { ...retryCount, failures, charged: retryCount.charged + 1, integrity: retryCount.integrity + 1 }
      const spent = next.integrity >= maxIntegrityFailures || next.charged >= limits.maxAttempts
      return { retryCount: next, decision: spent ? { act: 'fail', code: 'integrity' } : wait() }
    }
    case 'local': {
      const next = { ...retryCount, failures, local: retryCount.local + 1 }
      const spent = next.local >= maxLocalFailures
      return { retryCount: next, decision: spent ? { act: 'fail', code: 'source_unreadable' } : wait() }
    }
    case 'credentials':
      return { retryCount: { ...retryCount, failures }, decision: { act: 'yield', waiting: 'credentials' } }
    case 'stalled':
      return {
        retryCount: { ...retryCount, failures },
        decision: { act: 'yield', waiting: 'source', delayMs: stalledDelayMs },
      }
    case 'ambiguous':
    case 'changed':
    case 'conflict':
    case 'lost':
    case 'permanent':
      return { retryCount: { ...retryCount, failures }, decision: { act: 'hand_back' } }
  }
}
