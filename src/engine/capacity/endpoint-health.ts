import { type AdaptiveLimit, cutLimit, raiseLimit, slotsOf, startLimit } from '../../core/adaptive-limit.js'
import {
  admit,
  afterFailure,
  afterLostProbe,
  type Breaker,
  type BreakerFailure,
  closedBreaker,
  loneFailures,
  type ProbeLimits,
} from '../../core/breaker.js'
import type { Failure, FailureKind } from '../../core/failure.js'
import type { JobTarget } from '../../core/job.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { Wakeup } from '../../ports/wakeup.js'

/** An endpoint and a bucket, which fail and recover together. */
export type Pair = Pick<JobTarget, 'endpoint' | 'bucket'>

/** A request that may be sent now. Its holder tells how it ended and then leaves. */
export interface RequestGrant {
  /** The bytes of the request move. */
  moved(): void
  /** OSS did what was asked. */
  succeeded(): void
  /**
   * The request failed. `inARow` counts its failures in a row while nothing healthy came, this one included. `suspect` says
   * that it failed before while the pair was healthy.
   */
  failed(failure: Failure, inARow: number, suspect: boolean): void
  /** The request is over, whatever was told before. Idempotent. */
  leave(): void
}

/** How a pair is doing, for the statistics. */
export interface PairHealth extends Pair {
  readonly state: Breaker['state']
  readonly inFlight: number
  /** Parts and puts that may be in flight towards it. */
  readonly limit: number
}

/** Knows of each endpoint and bucket whether requests may be sent to it, and how many at a time. */
export interface EndpointHealth {
  /** Asks to send one request now. Returns null while nothing is sent to the pair: then the run has to release its job. */
  enter(pair: Pair): RequestGrant | null
  /** Returns the number of healthy answers so far. Two readings tell whether something healthy came between them. */
  healthyAnswers(pair: Pair): number
  /** Returns whether requests are held back until a probe succeeds. */
  isResting(pair: Pair): boolean
  /** Returns how many parts and puts may be in flight towards the pair now. */
  limitOf(pair: Pair): number
  /** Returns the pairs whose requests are held back. `probeAt` (monotonic) is null while a probe is under way. */
  resting(): readonly { readonly pair: Pair; readonly probeAt: number | null }[]
  snapshot(): readonly PairHealth[]
}

export interface EndpointHealthDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: Random
  /** It is told `jobs` when a pair has recovered, because the jobs of the pair may be claimed again. */
  readonly wakeup: Pick<Wakeup, 'notify'>
  readonly logger: Logger
  readonly limits: ProbeLimits
  /** Returns how many parts and puts may be in flight in the daemon, as it is set now. */
  concurrency(): number
}

export const endpointPair = ({ endpoint, bucket }: Pair): string => `${endpoint} ${bucket}`

/** These kinds of failures show that an endpoint is not well. */
const sickKinds: readonly FailureKind[] = ['transient', 'throttled', 'setup', 'clock']
/** With these kinds OSS, if it answered at all, refused what was asked; it did not refuse to be asked. */
const refusalKinds: readonly FailureKind[] = ['permanent', 'lost', 'conflict', 'credentials']

/** Returns whether the endpoint is well although the request failed. */
const isWell = ({ kind, status }: Failure): boolean =>
  kind === 'integrity' || (status !== null && status >= 400 && status < 500 && refusalKinds.includes(kind))

/** A pair is taken to be alive for so long after its last sign of life. */
const aliveMs = 5_000

interface Known {
  readonly pair: Pair
  breaker: Breaker
  limit: AdaptiveLimit
  /** When a request to it last succeeded, or its bytes last moved. */
  aliveAt: number
  healthy: number
  inFlight: number
  /** The request that is the probe of a half-open breaker. */
  probe: object | null
}

export const createEndpointHealth = (deps: EndpointHealthDeps): EndpointHealth => {
  const { clock, random, wakeup, logger, limits, concurrency } = deps
  const known = new Map<string, Known>()

  const look = ({ endpoint, bucket }: Pair): Known => {
    const name = endpointPair({ endpoint, bucket })
    const found = known.get(name)
    if (found !== undefined) return found
    const fresh: Known = {
      pair: { endpoint, bucket },
      breaker: closedBreaker,
      limit: startLimit(concurrency()),
      aliveAt: Number.NEGATIVE_INFINITY,
      healthy: 0,
      inFlight: 0,
      probe: null,
    }
    known.set(name, fresh)
    return fresh
  }

  /** When nothing has moved for a while, little more is sent until something moves, because the pair may swallow everything. */
  const limitOf = ({ limit, aliveAt }: Known): number => {
    if (clock.monotonic() - aliveAt <= aliveMs) return slotsOf(limit)
    const unproven = startLimit(concurrency())
    return slotsOf(limit.value > unproven.value ? unproven : limit)
  }

  const close = (entry: Known): void => {
    const rested = entry.breaker.state !== 'closed'
    entry.breaker = closedBreaker
    entry.probe = null
    if (!rested) return
    logger.info({ ...entry.pair }, 'The endpoint answers again')
    wakeup.notify('jobs')
  }

  const fail = (entry: Known, failure: BreakerFailure, reason: string): void => {
    const before = entry.breaker
    entry.breaker = afterFailure(before, failure, clock.monotonic(), limits, random())
    if (entry.breaker === before || entry.breaker.state !== 'open') return
    entry.probe = null
    const { failedProbes, probeAt } = entry.breaker
    const fields = { ...entry.pair, reason, failedProbes, probeInMs: Math.round(probeAt - clock.monotonic()) }
    if (before.state === 'closed') {
      // A pair that comes back after an outage begins with few requests again.
      entry.limit = startLimit(concurrency())
      logger.warn(fields, 'The endpoint fails: its jobs wait until a probe succeeds')
    } else logger.info(fields, 'The endpoint still fails')
  }

  return {
    enter(pair) {
      const entry = look(pair)
      const { breaker, grant } = admit(entry.breaker, clock.monotonic())
      entry.breaker = breaker
      if (grant === 'rest') return null
      const startedAt = clock.monotonic()
      const token = {}
      if (grant === 'probe') entry.probe = token
      entry.inFlight++
      let left = false
      return {
        moved() {
          entry.aliveAt = clock.monotonic()
        },
        succeeded() {
          entry.healthy++
          entry.aliveAt = clock.monotonic()
          entry.limit = raiseLimit(entry.limit, concurrency())
          close(entry)
        },
        failed(failure, inARow, suspect) {
          if (failure.kind === 'throttled') {
            entry.limit = cutLimit(entry.limit, { startedAt, inFlight: entry.inFlight }, clock.monotonic())
          }
          const { retryAfterMs } = failure
          if (isWell(failure)) close(entry)
          else if (sickKinds.includes(failure.kind)) {
            // One failure that no repetition can cure says as much as many that chance may have made.
            const weight = failure.kind === 'setup' ? loneFailures : inARow
            const lastedMs = clock.monotonic() - startedAt
            fail(
              entry,
              { probe: entry.probe === token, inARow: weight, suspect, lastedMs, retryAfterMs },
              failure.message,
            )
          }
        },
        leave() {
          if (left) return
          left = true
          entry.inFlight--
          if (entry.probe !== token) return
          entry.probe = null
          entry.breaker = afterLostProbe(entry.breaker, clock.monotonic())
        },
      }
    },
    healthyAnswers: (pair) => look(pair).healthy,
    isResting: (pair) => look(pair).breaker.state !== 'closed',
    limitOf: (pair) => limitOf(look(pair)),
    resting: () =>
      [...known.values()].flatMap(({ pair, breaker }) =>
        breaker.state === 'closed' ? [] : [{ pair, probeAt: breaker.state === 'open' ? breaker.probeAt : null }],
      ),
    snapshot: () =>
      [...known.values()].map((entry) => ({
        ...entry.pair,
        state: entry.breaker.state,
        inFlight: entry.inFlight,
        limit: limitOf(entry),
      })),
  }
}
