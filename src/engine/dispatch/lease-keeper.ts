import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { HeartbeatAnswer, JobStore, Lease } from '../../ports/store.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createNudge } from '../async/nudge.js'
import { type RunControl, RunStopped } from '../upload/run-control.js'

/** No remote effect is started with less of the lease left than this. */
const marginMs = 5_000
/** How soon leases are renewed again after the store failed to: every run must be ended in time. */
const retryMs = 1_000

export interface KeptLease {
  /** Throws RunStopped `fenced` when less of the lease is left than the margin. */
  assert(): void
  /** The run is over; the lease is no longer renewed. */
  drop(): void
}

/** Renews the leases of all runs of this daemon and tells each run what its user wants meanwhile. */
export interface LeaseKeeper {
  keep(lease: Lease, control: RunControl): KeptLease
  close(): Promise<void>
}

interface Kept {
  readonly lease: Lease
  readonly control: RunControl
  /** Monotonic. */
  expiresAt: number
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
  const closing = new AbortController()
  const nudge = createNudge(clock)

  const obey = (answer: HeartbeatAnswer, entry: Kept, askedAt: number): void => {
    if (!answer.held) entry.control.halt('fenced')
    else {
      entry.expiresAt = askedAt + leaseMs
      if (answer.steering !== null) entry.control.steer(answer.steering)
      if (answer.desired === 'cancel') entry.control.halt('cancel')
      else if (answer.desired === 'pause') entry.control.wind('pause')
    }
  }

  const beat = async (): Promise<void> => {
    const entries = [...kept.values()]
    if (entries.length === 0) return
    const askedAt = clock.monotonic()
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
      for (const entry of entries) if (entry.expiresAt - clock.monotonic() < marginMs) entry.control.halt('fenced')
    }
  }

  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await nudge.wait(failing ? retryMs : leaseMs / 3, closing.signal)
      if (!closing.signal.aborted) await beat()
    }
  }
  const unsubscribe = wakeup.subscribe('desires', nudge.poke)
  const running = loop()

  return {
    keep(lease, control) {
      const entry: Kept = { lease, control, expiresAt: clock.monotonic() + leaseMs }
      kept.set(lease.jobId, entry)
      return {
        assert() {
          if (entry.expiresAt - clock.monotonic() < marginMs) throw new RunStopped('fenced')
        },
        drop() {
          if (kept.get(lease.jobId) === entry) kept.delete(lease.jobId)
        },
      }
    },
    async close() {
      unsubscribe()
      closing.abort()
      await running
    },
  }
}
