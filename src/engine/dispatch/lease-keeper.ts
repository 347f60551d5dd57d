import type { Clock } from '../../ports/clock.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Lease } from '../../ports/lease.js'
import type { Logger } from '../../ports/logger.js'
import type { HeartbeatAnswer } from '../../ports/queue-store.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createAgent } from '../async/agent.js'
import { type RunControl, RunStopped } from '../upload/run-control.js'

/** No remote effect is started with less of the lease left than this. */
const marginMs = 5_000
/** Leases are renewed again so soon after the store failed to, because every run must be ended in time. */
const retryMs = 1_000

/** What the keeper does to those who work under a lease. */
export type LeaseHolder = Pick<RunControl, 'stopNow' | 'stopSoon' | 'tune'>

export interface KeptLease {
  /** Returns when the lease was last asked for with success. */
  askedAt(): Instant
  /** Returns the instant from which on nothing remote may be started, unless the lease is renewed. */
  until(): Instant
  /** Throws RunStopped `fenced` when less of the lease is left than the margin. */
  assert(): void
  /** Says that the run is over; the lease is no longer renewed. */
  drop(): void
}

/**
 * One moment by both clocks, because the monotonic one stands still while a machine is suspended and the wall clock may
 * be set back.
 */
export interface Instant {
  readonly monotonic: number
  readonly wall: number
}

export const instantOf = (clock: Clock): Instant => ({ monotonic: clock.monotonic(), wall: clock.now() })

/** Renews the leases of all runs of this daemon and tells each run what its user wants meanwhile. */
export interface LeaseKeeper {
  /**
   * Keeps renewing this lease. `asked`: when the claim was sent, because a lease may be shorter than its answer took.
   * Default: now.
   */
  keep(lease: Lease, control: LeaseHolder, asked?: Instant): KeptLease
  /** Returns the leases that are kept. */
  kept(): readonly Lease[]
  /** Tells the runs what a look at their leases has shown, which renewed none of them. */
  hear(answers: readonly HeartbeatAnswer[]): void
  close(): Promise<void>
}

interface Kept {
  readonly lease: Lease
  readonly control: LeaseHolder
  /** When the lease was last asked for with success. */
  askedAt: Instant
}

interface Deps {
  readonly store: Pick<JobStore, 'heartbeat'>
  readonly wakeup: Wakeup
  readonly clock: Clock
  readonly logger: Logger
  readonly leaseMs: number
}

export const createLeaseKeeper = ({ store, wakeup, clock, logger, leaseMs }: Deps): LeaseKeeper => {
  const kept = new Map<string, Kept>()
  let failing = false

  /** Either clock may say that a lease is over. */
  const leftMs = ({ askedAt }: Kept): number =>
    leaseMs - Math.max(clock.monotonic() - askedAt.monotonic, clock.now() - askedAt.wall)

  /** `askedAt` is null when the lease was not renewed. */
  const obey = (answer: HeartbeatAnswer, entry: Kept, askedAt: Instant | null): void => {
    if (!answer.held) entry.control.stopNow('fenced')
    else {
      if (askedAt !== null) entry.askedAt = askedAt
      if (answer.tuning !== null) entry.control.tune(answer.tuning)
      if (answer.desired === 'cancel') entry.control.stopNow('cancel')
      else if (answer.desired === 'pause') entry.control.stopSoon('pause')
    }
  }

  const beat = async (): Promise<void> => {
    const entries = [...kept.values()]
    if (entries.length === 0) return
    const askedAt = instantOf(clock)
    try {
      const answers = await store.heartbeat(
        entries.map((entry) => entry.lease),
        leaseMs,
      )
      for (const answer of answers) {
        const entry = kept.get(answer.jobId)
        if (entry !== undefined && entries.includes(entry)) obey(answer, entry, askedAt)
      }
      failing = false
    } catch (error) {
      if (!failing) {
        logger.error(
          { reason: error instanceof Error ? error.message : String(error) },
          'The leases could not be renewed',
        )
      }
      failing = true
    }
  }

  const renewal = createAgent({
    name: 'leases',
    clock,
    logger,
    wakeOn: (poke) => wakeup.subscribe('desires', poke),
    firstInMs: leaseMs / 3,
    backoff: { firstMs: retryMs, longestMs: retryMs },
    async round() {
      await beat()
      return failing ? retryMs : leaseMs / 3
    },
  })
  /** Ends runs whose lease is nearly over, also while a heartbeat gets no answer at all. */
  const guard = createAgent({
    name: 'lease guard',
    clock,
    logger,
    firstInMs: retryMs,
    backoff: { firstMs: retryMs, longestMs: retryMs },
    async round() {
      for (const entry of kept.values()) {
        if (leaseMs - (clock.monotonic() - entry.askedAt.monotonic) < marginMs) entry.control.stopNow('fenced')
        // The machine was suspended, or its clock was set: the store knows, and until it answers `assert` refuses.
        else if (leftMs(entry) < marginMs) renewal.poke()
      }
      return retryMs
    },
  })
  renewal.start()
  guard.start()

  return {
    keep(lease, control, asked = instantOf(clock)) {
      const entry: Kept = { lease, control, askedAt: asked }
      kept.set(lease.jobId, entry)
      const startableMs = leaseMs - marginMs
      return {
        askedAt: () => entry.askedAt,
        until: () => ({
          monotonic: entry.askedAt.monotonic + startableMs,
          wall: entry.askedAt.wall + startableMs,
        }),
        assert() {
          if (leftMs(entry) < marginMs) throw new RunStopped('fenced')
        },
        drop() {
          if (kept.get(lease.jobId) === entry) kept.delete(lease.jobId)
        },
      }
    },
    kept: () => [...kept.values()].map(({ lease }) => lease),
    hear(answers) {
      for (const answer of answers) {
        const entry = kept.get(answer.jobId)
        // A job that ended may have another run by now, about which this says nothing.
        if (entry !== undefined && entry.lease.epoch === answer.epoch) obey(answer, entry, null)
      }
    },
    async close() {
      await Promise.all([renewal.stop(), guard.stop()])
    },
  }
}
