import { admit, afterFailure, afterLostProbe, type Breaker, closedBreaker } from '../../core/breaker.js'
import type { WebhookAnswer } from '../../core/webhook.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { HostQuota } from '../../ports/webhooks.js'

/** This is one message on its way to a host. */
export interface HostVisit {
  /**
   * Reports how it ended, or null when it was broken off from here. `failuresBefore` counts the earlier failed tries of
   * that message.
   */
  leave(answer: WebhookAnswer | null, failuresBefore: number): void
}

/**
 * Decides which hosts may be sent to: a few messages at a time each, and one now and then to a host that does not
 * answer.
 */
export interface WebhookHosts {
  /** Returns null while the host must wait or has its share in flight. */
  enter(host: string): HostVisit | null
  /** Returns the quotas of the hosts for which more or fewer messages than usual must be read. */
  quotas(): readonly HostQuota[]
  /** Returns the milliseconds until the next waiting host may be tried. It is null when there is none. */
  nextProbeInMs(): number | null
  resting(): readonly string[]
}

interface Host {
  breaker: Breaker
  inFlight: number
}

const probeLimits = { baseMs: 10_000, capMs: 300_000 }

/** Any answer but "too much" and "broken" comes from a receiver that works. */
const isWell = ({ status }: WebhookAnswer): boolean => status !== null && status !== 429 && status < 500

export const createWebhookHosts = (
  clock: Clock,
  random: Random,
  perHost: number,
  onRest: (host: string, answer: WebhookAnswer) => void,
): WebhookHosts => {
  const hosts = new Map<string, Host>()

  const freeOf = ({ breaker, inFlight }: Host): number => {
    if (breaker.state === 'closed') return perHost - inFlight
    return breaker.state === 'open' && clock.monotonic() >= breaker.probeAt ? 1 : 0
  }

  return {
    enter(host) {
      const entry = hosts.get(host) ?? { breaker: closedBreaker, inFlight: 0 }
      if (freeOf(entry) <= 0) return null
      const { breaker, grant } = admit(entry.breaker, clock.monotonic())
      if (grant === 'rest') return null
      const startedAt = clock.monotonic()
      entry.breaker = breaker
      entry.inFlight++
      hosts.set(host, entry)
      return {
        leave(answer, failuresBefore) {
          entry.inFlight--
          if (answer === null) {
            if (grant === 'probe') entry.breaker = afterLostProbe(entry.breaker, clock.monotonic())
          } else if (isWell(answer)) entry.breaker = closedBreaker
          else {
            const before = entry.breaker
            const failed = {
              probe: grant === 'probe',
              inARow: failuresBefore + 1,
              suspect: false,
              lastedMs: clock.monotonic() - startedAt,
              retryAfterMs: answer.retryAfterMs,
            }
            const after = afterFailure(before, failed, clock.monotonic(), probeLimits, random())
            if (before.state === 'closed' && after.state === 'open') onRest(host, answer)
            entry.breaker = after
          }
          const isForgettable = entry.inFlight === 0 && entry.breaker.state === 'closed' && entry.breaker.failures === 0
          if (isForgettable) hosts.delete(host)
        },
      }
    },
    // What is in flight counts into the quota of its host.
    quotas: () =>
      [...hosts].map(([host, entry]) => {
        const free = freeOf(entry)
        return { host, limit: free <= 0 ? 0 : free + entry.inFlight }
      }),
    nextProbeInMs() {
      const at = clock.monotonic()
      const waits = [...hosts.values()].flatMap(({ breaker }) => {
        const inMs = breaker.state === 'open' ? breaker.probeAt - at : 0
        return inMs > 0 ? [inMs] : []
      })
      return waits.length === 0 ? null : Math.min(...waits)
    },
    resting: () => [...hosts].flatMap(([host, { breaker }]) => (breaker.state === 'closed' ? [] : [host])),
  }
}
