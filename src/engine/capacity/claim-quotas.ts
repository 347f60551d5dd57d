import type { Job } from '../../core/job.js'
import type { Clock } from '../../ports/clock.js'
import type { PairQuota } from '../../ports/queue-store.js'
import { type EndpointHealth, endpointPair, type Pair } from './endpoint-health.js'

/**
 * Shares the runs among endpoints and buckets, so that jobs whose pair swallows everything keep no others from running:
 * one pair gets at most half. Of a pair that is not sent to, one job at a time is claimed when a probe is due.
 */
export interface RunShares {
  /** What the next claim may take. */
  next(): { readonly pairLimit: number; readonly quotas: readonly PairQuota[] }
  /** When the next probe is due, from now; null: none is to come. */
  probeInMs(): number | null
  /** A run begins. Returns the function that ends it. */
  begin(job: Pick<Job, 'id' | 'target'>): () => void
}

interface Deps {
  readonly health: Pick<EndpointHealth, 'resting' | 'isResting'>
  readonly clock: Pick<Clock, 'monotonic'>
  maxRuns(): number
}

/** A job that was claimed to probe but has not asked OSS anything by then (it hashes, or its file hangs): another may. */
const scoutMs = 5_000
/** So many scouts of one outage are remembered. */
const mostScouts = 100

/** The jobs that were claimed to probe a pair since it rests, the last one at the end. */
interface Scouts {
  readonly ids: string[]
  /** Monotonic; until then the last one is waited for. */
  awaitedUntil: number
}

export const createRunShares = ({ health, clock, maxRuns }: Deps): RunShares => {
  const limitOfPair = (): number => Math.max(1, Math.floor(maxRuns() / 2))
  const running = new Map<string, { readonly pair: Pair; count: number }>()
  const scouts = new Map<string, Scouts>()

  const sendOut = (name: string, jobId: string): void => {
    const ids = (scouts.get(name)?.ids ?? []).filter((id) => id !== jobId).slice(1 - mostScouts)
    scouts.set(name, { ids: [...ids, jobId], awaitedUntil: clock.monotonic() + scoutMs })
  }

  const probeQuota = (pair: Pair, probeAt: number | null): PairQuota => {
    const out = scouts.get(endpointPair(pair))
    const isDue = probeAt !== null && probeAt <= clock.monotonic() && (out?.awaitedUntil ?? 0) <= clock.monotonic()
    // The pair may only look dead, by jobs that fail whatever its state. So nobody is sent twice before all others, and
    // not only those at the head of the queue, where such jobs gather.
    const last = out?.ids ?? []
    return { ...pair, limit: isDue ? 1 : 0, last, reversed: last.length % 2 === 1 }
  }

  return {
    next() {
      const resting = health.resting()
      const names = new Set(resting.map(({ pair }) => endpointPair(pair)))
      for (const name of scouts.keys()) if (!names.has(name)) scouts.delete(name)
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
      if (health.isResting(pair)) sendOut(name, id)
      return () => {
        entry.count--
        if (entry.count === 0) running.delete(name)
        const out = scouts.get(name)
        if (out?.ids.at(-1) === id) out.awaitedUntil = 0
      }
    },
  }
}
