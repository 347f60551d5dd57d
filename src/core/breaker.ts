import { doubled } from './retry.js'

export const breakerStates = ['closed', 'open', 'halfOpen'] as const

/**
 * Whether an endpoint and bucket may be sent to. Closed: everybody sends. Open: nobody does until `probeAt`. Half-open:
 * one request is on its way to find out. Times are monotonic milliseconds.
 */
export type Breaker =
  | {
      readonly state: 'closed'
      /** Failures since the last healthy answer. */
      readonly failures: number
    }
  | {
      readonly state: 'open'
      /** Probes that failed since it opened. */
      readonly failedProbes: number
      readonly probeAt: number
    }
  | { readonly state: 'halfOpen'; readonly failedProbes: number }

/** Bounds of the wait before a probe, in milliseconds. */
export interface ProbeLimits {
  readonly baseMs: number
  readonly capMs: number
}

/** A failure as the breaker sees it. */
export interface BreakerFailure {
  /** The request was the probe of a half-open breaker. */
  readonly probe: boolean
  /** Failures of this one request in a row, this one included, while nothing healthy came from the pair. */
  readonly inARow: number
  /** It failed before while the pair was healthy, so it may be the request: it counts in its own row only. */
  readonly suspect: boolean
  /** How long the request took to fail. */
  readonly lastedMs: number
  /** How long the server asked us to wait. */
  readonly retryAfterMs: number | null
}

/** Failures of whichever requests that open a breaker when nothing healthy came between. */
export const manyFailures = 8
/** Failures in a row of one request that open it: a lone job makes no more than one request at a time. */
export const loneFailures = 4
/** A black hole fails slowly: each time so long without an answer counts as one more failure. */
export const longFailureMs = 10_000

export const closedBreaker: Breaker = { state: 'closed', failures: 0 }

/** Half of it is sure, so that nothing is hammered; half is jitter, so that many daemons spread out. */
const probeDelay = (failedProbes: number, asked: number | null, limits: ProbeLimits, random: number): number => {
  const bound = doubled(limits.baseMs, failedProbes, limits.capMs)
  return Math.max(Math.ceil((bound * (1 + random)) / 2), Math.min(asked ?? 0, limits.capMs))
}

/** Whether a request may be sent now: as any other, as the one probe, or not at all. */
export const admit = (
  breaker: Breaker,
  at: number,
): { readonly breaker: Breaker; readonly grant: 'send' | 'probe' | 'rest' } => {
  if (breaker.state === 'closed') return { breaker, grant: 'send' }
  if (breaker.state === 'halfOpen' || at < breaker.probeAt) return { breaker, grant: 'rest' }
  return { breaker: { state: 'halfOpen', failedProbes: breaker.failedProbes }, grant: 'probe' }
}

/**
 * After a failure. Requests that were under way when the breaker opened tell it nothing new. `random` is in [0, 1).
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

/** The probe ended without telling anything of the endpoint (it was stopped, or its source failed): the next may go. */
export const afterLostProbe = (breaker: Breaker, at: number): Breaker =>
  breaker.state === 'halfOpen' ? { state: 'open', failedProbes: breaker.failedProbes, probeAt: at } : breaker
