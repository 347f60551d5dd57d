import { fullJitter } from '../core/retry.js'
import type { Random } from '../ports/clock.js'

/** What the daemon has seen of each endpoint and bucket. Decides which tries are charged and how long an outage is waited out. */
export interface EndpointHealth {
  /** Healthy answers seen so far; grows by each. Compare two readings to know whether something healthy came between. */
  healthyAnswers(pair: string): number
  sawHealthy(pair: string): void
  /** A job gave up on a silent endpoint: how many milliseconds it waits. Grows with each until something healthy comes. */
  outageDelayMs(pair: string): number
}

/** The pair that fails and recovers together. */
export const endpointPair = (target: { readonly endpoint: string; readonly bucket: string }): string =>
  `${target.endpoint} ${target.bucket}`

export const createEndpointHealth = (random: Random, limits: { baseMs: number; capMs: number }): EndpointHealth => {
  const healthy = new Map<string, number>()
  const outages = new Map<string, number>()
  return {
    healthyAnswers: (pair) => healthy.get(pair) ?? 0,
    sawHealthy(pair) {
      healthy.set(pair, (healthy.get(pair) ?? 0) + 1)
      outages.delete(pair)
    },
    outageDelayMs(pair) {
      const count = (outages.get(pair) ?? 0) + 1
      outages.set(pair, count)
      // At least the base: a job that is due again at once would spin through the queue.
      return limits.baseMs + fullJitter(count, limits, random())
    },
  }
}
