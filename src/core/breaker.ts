import { doubled } from './retry.js'

export const breakerStates = ['closed', 'open', 'halfOpen'] as const

/**
 * Says whether requests may go to an endpoint and bucket. While it is closed, every request may. While it is open, no
 * request may until `probeAt`. While it is half-open, one request is on its way to find out. Times are monotonic
 * milliseconds.
 */
export type Breaker =
  | {
      readonly state: 'closed'
      /** The number of failures since the last healthy answer. */
      readonly failures: number
    }
  | {
      readonly state: 'open'
      /** The number of probes that failed since the breaker opened. */
      readonly failedProbes: number
      readonly probeAt: number
    }
  | { readonly state: 'halfOpen'; readonly failedProbes: number }

/** These are the bounds of the wait before a probe, in milliseconds. */
export interface ProbeLimits {
  readonly baseMs: number
  readonly capMs: number
}

/** This is a failure as the breaker sees it. */
export interface BreakerFailure {
  /** True when the request was the probe of a half-open breaker. */
  readonly probe: boolean
  /**
   * The number of failures of this one request in a row, with this one, while nothing healthy came from the endpoint
   * and bucket.
   */
  readonly inARow: number
  /**
   * True when the request failed before while others succeeded. The cause may be the request itself then, so the
   * failure counts in its own row only.
   */
  readonly suspect: boolean
  /** The milliseconds that the request took to fail. */
  readonly lastedMs: number
  /** The milliseconds that the server asked us to wait. */
  readonly retryAfterMs: number | null
}

/** So many failures of any requests open a breaker when nothing healthy came between them. */
export const manyFailures = 8
/** So many failures of one request in a row open it, because a lone job makes no more than one request at a time. */
export const loneFailures = 4
/**
 * An endpoint that swallows requests fails slowly. Each time that passed so without an answer counts as one more
 * failure.
 */
export const longFailureMs = 10_000

export const closedBreaker: Breaker = { state: 'closed', failures: 0 }

/**
 * Half of the wait is certain, so that nothing is hammered. The other half is random, so that many daemons spread out.
 */
const probeDelay = (failedProbes: number, asked: number | null, limits: ProbeLimits, random: number): number => {
  const bound = doubled(limits.baseMs, failedProbes, limits.capMs)
  return Math.max(Math.ceil((bound * (1 + random)) / 2), Math.min(asked ?? 0, limits.capMs))
}

/** Says whether a request may be sent now: as any other, as the one probe, or not at all. */
export const admit = (
  breaker: Breaker,
  at: number,
): { readonly breaker: Breaker; readonly grant: 'send' | 'probe' | 'rest' } => {
  if (breaker.state === 'closed') return { breaker, grant: 'send' }
  if (breaker.state === 'halfOpen' || at < breaker.probeAt) return { breaker, grant: 'rest' }
  return { breaker: { state: 'halfOpen', failedProbes: breaker.failedProbes }, grant: 'probe' }
}

/**
 * Returns the breaker after a failure. Requests that were under way when the breaker opened tell it nothing new.
 * `random` is in [0, 1).
 */
export const afterFailure = (
  breaker: Breaker,
  failure: BreakerFailure,
  at: number,
  limits: ProbeLimits,
  random: number,
): Breaker => {
  const open = (failedProbes: number): Breaker => ({
    state: 'open',
    failedProbes,
    probeAt: at + probeDelay(failedProbes, failure.retryAfterMs, limits, random),
  })
  switch (breaker.state) {
    case 'closed': {
      const longer = Math.floor(failure.lastedMs / longFailureMs)
      const failures = breaker.failures + (failure.suspect ? 0 : 1 + longer)
      const isLone = failure.inARow > 0 && failure.inARow + longer >= loneFailures
      return failures >= manyFailures || isLone ? open(0) : { state: 'closed', failures }
    }
    case 'open':
      return breaker
    case 'halfOpen':
      return failure.probe ? open(breaker.failedProbes + 1) : breaker
  }
}

/**
 * Returns the breaker after a probe that told nothing about the endpoint, because it was stopped or its source failed.
 * The next request may be the probe.
 */
export const afterLostProbe = (breaker: Breaker, at: number): Breaker =>
  breaker.state === 'halfOpen' ? { state: 'open', failedProbes: breaker.failedProbes, probeAt: at } : breaker
