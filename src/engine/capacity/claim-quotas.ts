import type { Job } from '../../core/job.js'
import type { Clock } from '../../ports/clock.js'
import type { PairQuota } from '../../ports/queue-store.js'
import { type EndpointHealth, endpointPair, type Pair } from './endpoint-health.js'

/** How many jobs a claim may take of one endpoint and bucket, and where that differs. */
export interface QuotasOfClaim {
  readonly pairLimit: number
  readonly quotas: readonly PairQuota[]
}

/**
 * Shares the runs among endpoints and buckets, so that jobs whose pair swallows everything keep no others from running:
 * one pair gets at most half of the runs. While a pair is not sent to, one of its jobs at a time is claimed, when a probe
 * is due.
 */
export interface ClaimQuotas {
  /** Returns what the next claim may take. */
  next(): QuotasOfClaim
  /** Whether one more run towards this endpoint and bucket may begin. */
  hasRoom(pair: Pair): boolean
  /** Returns in how many milliseconds the next probe is due; null when none is to come. */
  probeInMs(): number | null
  /** A run begins. Returns the function that ends it. */
  begin(job: Pick<Job, 'id' | 'target'>): () => void
}

interface Deps {
  readonly health: Pick<EndpointHealth, 'resting' | 'isResting'>
  readonly clock: Pick<Clock, 'monotonic'>
  maxRuns(): number
}

/**
 * How long a job that was claimed as a probe is waited for. A job that has asked OSS nothing by then (it hashes, or its
 * file hangs) does not keep another from probing.
 */
const probePatienceMs = 5_000
/** So many jobs that probed during one outage are remembered. */
const mostProbers = 100

/** The jobs that were claimed as probes of a pair since it fails, the last one at the end. */
interface Probers {
  readonly ids: string[]
  /** Monotonic. Until then no other job is claimed, because the last one may still ask. */
  awaitedUntil: number
}

export const createClaimQuotas = ({ health, clock, maxRuns }: Deps): ClaimQuotas => {
  const limitOfPair = (): number => Math.max(1, Math.floor(maxRuns() / 2))
  const running = new Map<string, { readonly pair: Pair; count: number }>()
  const probers = new Map<string, Probers>()

  const noteProber = (name: string, jobId: string): void => {
    const ids = (probers.get(name)?.ids ?? []).filter((id) => id !== jobId).slice(1 - mostProbers)
    probers.set(name, { ids: [...ids, jobId], awaitedUntil: clock.monotonic() + probePatienceMs })
  }

  const probeQuota = (pair: Pair, probeAt: number | null): PairQuota => {
    const sent = probers.get(endpointPair(pair))
    const isDue = probeAt !== null && probeAt <= clock.monotonic() && (sent?.awaitedUntil ?? 0) <= clock.monotonic()
    // The pair may only look dead because of jobs that fail in any case. So no job probes twice before all others have
    // probed, and probes come from both ends of the queue, because such jobs gather at its head.
    const last = sent?.ids ?? []
    return { ...pair, limit: isDue ? 1 : 0, last, reversed: last.length % 2 === 1, putsAreRuns: true }
  }

  return {
    next() {
      const resting = health.resting()
      const names = new Set(resting.map(({ pair }) => endpointPair(pair)))
      for (const name of probers.keys()) if (!names.has(name)) probers.delete(name)
      const pairLimit = limitOfPair()
      const busy = [...running].filter(([name]) => !names.has(name))
      return {
        pairLimit,
        quotas: [
          ...busy.map(([, { pair, count }]) => ({ ...pair, limit: Math.max(0, pairLimit - count) })),
          ...resting.map(({ pair, probeAt }) => probeQuota(pair, probeAt)),
        ],
      }
    },
    hasRoom: (pair) => (running.get(endpointPair(pair))?.count ?? 0) < limitOfPair(),
    probeInMs() {
      const waits = health
        .resting()
        .flatMap(({ probeAt }) => (probeAt === null ? [] : [probeAt - clock.monotonic()]))
        .filter((ms) => ms > 0)
      return waits.length === 0 ? null : Math.min(...waits)
    },
    begin({ id, target }) {
      const pair = { endpoint: target.endpoint, bucket: target.bucket }
      const name = endpointPair(pair)
      const entry = running.get(name) ?? { pair, count: 0 }
      entry.count++
      running.set(name, entry)
      if (health.isResting(pair)) noteProber(name, id)
      return () => {
        entry.count--
        if (entry.count === 0) running.delete(name)
        const sent = probers.get(name)
        if (sent?.ids.at(-1) === id) sent.awaitedUntil = 0
      }
    },
  }
}
