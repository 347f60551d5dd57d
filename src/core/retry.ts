import type { FailureKind, JobErrorCode } from './failure.js'

/** Bounds of the retries of one request. Times in milliseconds. */
export interface RetryLimits {
  /** Charged tries of one request before its job fails. */
  readonly maxAttempts: number
  readonly baseMs: number
  readonly capMs: number
}

export const defaultBaseMs = 500
export const defaultCapMs = 60_000

/** How long a job leaves a source alone whose file system does not answer. */
export const stalledDelayMs = 15_000

/** Integrity failures in a row, and local read errors, that fail a job. */
const maxIntegrityFailures = 3
const maxLocalFailures = 3

/** What one request has gone through. Per request, never shared between parts. */
export interface Tally {
  /** Failures in a row. */
  readonly failures: number
  /** Tries that count against `maxAttempts`. */
  readonly charged: number
  /** Failures in a row while nothing healthy came from the endpoint. */
  readonly silent: number
  readonly integrity: number
  readonly local: number
}

/** Of a request whose earlier tries were charged so often: its waits go on growing where they were. */
export const freshTally = (charged = 0): Tally => ({ failures: charged, charged, silent: 0, integrity: 0, local: 0 })

export type RetryDecision =
  /** Send the same request again after `delayMs`. */
  | { readonly act: 'retry'; readonly delayMs: number }
  /** Trying on is useless until there are other keys; the job waits without losing attempts. */
  | { readonly act: 'yield'; readonly waiting: 'credentials' }
  /** The source gives nothing now; the job waits without losing attempts and looks again after `delayMs`. */
  | { readonly act: 'yield'; readonly waiting: 'source'; readonly delayMs: number }
  /** The job fails with this code. */
  | { readonly act: 'fail'; readonly code: JobErrorCode }
  /** Not a matter of trying again: the caller knows what the failure means here. */
  | { readonly act: 'hand_back' }

/** Returns the delay before the next try after so many failures in a row: twice as long each time, up to `longestMs`. */
export const doubled = (firstMs: number, failures: number, longestMs: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30))

/** Full jitter: anywhere between nothing and the exponential bound, so that many clients spread out. */
export const fullJitter = (failures: number, limits: Pick<RetryLimits, 'baseMs' | 'capMs'>, random: number): number =>
  Math.floor(random * doubled(limits.baseMs, failures, limits.capMs))

interface Met {
  readonly kind: FailureKind
  readonly retryAfterMs: number | null
  /** Somebody got a healthy answer from the same endpoint and bucket since this request's last failure. */
  readonly healthySince: boolean
}

/**
 * What to do after a failed try, and the new tally. A try is charged only when the endpoint was healthy to somebody since
 * the last one, so an outage uses up nothing and fails nothing. `random` is in [0, 1).
 */
export const decideRetry = (
  tally: Tally,
  met: Met,
  limits: RetryLimits,
  random: number,
): { readonly tally: Tally; readonly decision: RetryDecision } => {
  const failures = tally.failures + 1
  const wait = (): RetryDecision => ({
    act: 'retry',
    delayMs: Math.max(fullJitter(failures, limits, random), Math.min(met.retryAfterMs ?? 0, limits.capMs)),
  })
  switch (met.kind) {
    case 'transient':
    case 'throttled':
    case 'setup':
    case 'clock': {
      const charged = tally.charged + (met.healthySince ? 1 : 0)
      const silent = met.healthySince ? 0 : tally.silent + 1
      const next = { ...tally, failures, charged, silent, integrity: 0 }
      if (charged >= limits.maxAttempts) return { tally: next, decision: { act: 'fail', code: 'too_many_attempts' } }
      return { tally: next, decision: wait() }
    }
    case 'integrity': {
      const next = { ...tally, failures, charged: tally.charged + 1, integrity: tally.integrity + 1 }
      const spent = next.integrity >= maxIntegrityFailures || next.charged >= limits.maxAttempts
      return { tally: next, decision: spent ? { act: 'fail', code: 'integrity' } : wait() }
    }
    case 'local': {
      const next = { ...tally, failures, local: tally.local + 1 }
      const spent = next.local >= maxLocalFailures
      return { tally: next, decision: spent ? { act: 'fail', code: 'source_unreadable' } : wait() }
    }
    case 'credentials':
      return { tally: { ...tally, failures }, decision: { act: 'yield', waiting: 'credentials' } }
    case 'stalled':
      return {
        tally: { ...tally, failures },
        decision: { act: 'yield', waiting: 'source', delayMs: stalledDelayMs },
      }
    case 'ambiguous':
    case 'changed':
    case 'conflict':
    case 'lost':
    case 'permanent':
      return { tally: { ...tally, failures }, decision: { act: 'hand_back' } }
  }
}
