import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { StoreUpkeep } from '../../ports/store.js'
import type { StorageGate } from '../storage/storage-gate.js'

/** Forgets finished jobs, batches and events when they are old enough. */
export interface Pruner {
  start(): void
  /** Idempotent. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: Pick<StoreUpkeep, 'prune'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly clock: Clock
  readonly logger: Logger
  readonly keepMs: number
}

const stepRows = 200
/** Between two steps everybody else has his turn. */
const betweenStepsMs = 50
const longestPauseMs = 3_600_000
const shortestPauseMs = 1_000
/** Nothing is kept much longer than was asked for. */
const pausesPerKeeping = 24

export const createPruner = ({ store, storage, clock, logger, keepMs }: Deps): Pruner => {
  const startedAt = { now: clock.now(), monotonic: clock.monotonic() }
  const pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, keepMs / pausesPerKeeping))
  const stopping = new AbortController()
  let running: Promise<void> = Promise.resolve()

  /** Never later than the time that has really passed allows: a wall clock that jumps ahead must not forget anything. */
  const now = (): number => Math.min(clock.now(), startedAt.now + clock.monotonic() - startedAt.monotonic)

  const sweep = async (): Promise<void> => {
    const total = { jobs: 0, events: 0, batches: 0 }
    while (await storage.opens(stopping.signal)) {
      const { jobs, events, batches } = await store.prune({ before: now() - keepMs, limit: stepRows })
      total.jobs += jobs
      total.events += events
      total.batches += batches
      if (jobs + events + batches === 0) break
      await clock.sleep(betweenStepsMs, stopping.signal)
    }
    if (total.jobs + total.events + total.batches > 0) logger.info(total, 'Forgot what finished long ago')
  }

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await sweep()
      } catch (error) {
        // History can wait; a failing store is already reported by the gate.
        if (!stopping.signal.aborted) {
          logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'Pruning goes on later')
        }
      }
      await clock.sleep(pauseMs, stopping.signal).catch(() => {})
    }
  }

  return {
    start() {
      running = loop()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
