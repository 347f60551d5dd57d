import type { Breaker } from '../../core/breaker.js'
import type { JobState, Waiting } from '../../core/job.js'
import type { WebhookState } from '../../core/webhook.js'
import type { Clock } from '../../ports/clock.js'
import type { StoreStats, StoreUpkeep } from '../../ports/upkeep-store.js'
import type { Admission } from '../capacity/admission.js'
import type { Slots } from '../capacity/slots.js'
import type { Traffic } from '../metering/traffic.js'
import type { TrafficHistory } from '../metering/traffic-history.js'

/** What this process knows without asking the store, in bytes, seconds and ISO 8601. */
export interface LiveStats {
  /** The number of jobs that a run is working on. */
  readonly runs: number
  readonly draining: boolean
  /** The bytes that were handed to the network each second, over the last five. */
  readonly bytesPerSecond: number
  /** What OSS has acknowledged since this daemon started. */
  readonly uploaded: {
    readonly since: string
    readonly bytes: number
    readonly parts: number
    readonly objects: number
  }
  /** Parts and puts in flight, and how many may be. */
  readonly slots: { readonly inUse: number; readonly limit: number }
  readonly endpoints: readonly {
    readonly endpoint: string
    readonly bucket: string
    readonly breaker: Breaker['state']
    readonly inFlight: number
    readonly limit: number
  }[]
  readonly lanes: { readonly inFlight: readonly number[]; readonly replaced: number }
  readonly credentials: { readonly available: boolean; readonly expiresAt: string | null }
}

/** What the store knows of its jobs and itself. */
export interface StoredStats {
  readonly jobs: Readonly<Record<JobState, number>>
  readonly bytesPending: number
  readonly bytesDue: number
  readonly waiting: Readonly<Record<Waiting, number>>
  readonly queue: { readonly oldestReadyAt: string | null; readonly ageSeconds: number }
  readonly webhooks: Readonly<Record<WebhookState, number>> & {
    readonly oldestPendingAt: string | null
    readonly ageSeconds: number
  }
  readonly storage: { readonly databaseBytes: number; readonly walBytes: number } | null
}

/** What went to OSS, step by step, oldest first. */
export interface HistoryView {
  readonly stepSeconds: number
  readonly items: readonly {
    readonly at: string
    readonly bytesPerSecond: number
    readonly filesPerSecond: number
    readonly failed: number
  }[]
}

export type StatsView = LiveStats & StoredStats

/** Tells how the daemon is doing. It costs the same however many jobs are stored. */
export interface Overview {
  live(): LiveStats
  /** Throws AppError when the store fails. */
  stored(): Promise<StoredStats>
  /** Returns what happened in the last `rangeMs`. At most an hour is kept. */
  history(rangeMs: number): HistoryView
}

export interface OverviewDeps {
  readonly store: Pick<StoreUpkeep, 'stats'>
  readonly clock: Clock
  readonly traffic: Traffic
  readonly history: Pick<TrafficHistory, 'read'>
  readonly slots: Pick<Slots, 'inUse'>
  readonly admission: Pick<Admission, 'standing'>
  readonly keys: {
    /** Returns null while there are no keys, and when the keys name no expiry. */
    expiresAt(): number | null
  }
  readonly lanes: { report(): LiveStats['lanes'] }
  runs(): number
  slotLimit(): number
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const secondsSince = (since: number | null, at: number): number => (since === null ? 0 : Math.max(0, at - since) / 1000)

export const createOverview = (deps: OverviewDeps): Overview => {
  const { clock, traffic, keys } = deps
  const since = new Date(clock.now()).toISOString()

  const storedOf = (stats: StoreStats): StoredStats => ({
    jobs: stats.jobs,
    bytesPending: stats.bytesPending,
    bytesDue: stats.bytesDue,
    waiting: stats.waiting,
    queue: { oldestReadyAt: iso(stats.oldestReadyAt), ageSeconds: secondsSince(stats.oldestReadyAt, stats.at) },
    webhooks: {
      ...stats.webhooks,
      oldestPendingAt: iso(stats.oldestWebhookAt),
      ageSeconds: secondsSince(stats.oldestWebhookAt, stats.at),
    },
    storage: stats.size,
  })

  return {
    live() {
      const { takesWork, hasKeys, endpoints } = deps.admission.standing()
      return {
        runs: deps.runs(),
        draining: !takesWork,
        bytesPerSecond: traffic.bytesPerSecond(),
        uploaded: { since, ...traffic.totals() },
        slots: { inUse: deps.slots.inUse(), limit: deps.slotLimit() },
        endpoints: endpoints.map(({ endpoint, bucket, state, inFlight, limit }) => {
          return { endpoint, bucket, breaker: state, inFlight, limit }
        }),
        lanes: deps.lanes.report(),
        credentials: { available: hasKeys, expiresAt: iso(keys.expiresAt()) },
      }
    },
    stored: async () => storedOf(await deps.store.stats()),
    history(rangeMs) {
      const { stepSeconds, steps } = deps.history.read(rangeMs)
      return { stepSeconds, items: steps.map((step) => ({ ...step, at: new Date(step.at).toISOString() })) }
    },
  }
}
