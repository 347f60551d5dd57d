import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { StoreUpkeep } from '../../ports/upkeep-store.js'
import { type Agent, createAgent } from '../async/agent.js'
import type { StorageGate } from '../storage/storage-gate.js'

interface Deps {
  readonly store: Pick<StoreUpkeep, 'prune'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly clock: Clock
  readonly logger: Logger
  readonly keepMs: number
}

const stepRows = 200
/** Between two steps all other writers have their turn. */
const betweenStepsMs = 50
const longestPauseMs = 3_600_000
const shortestPauseMs = 1_000
/** With this many rounds nothing is kept much longer than was asked for. */
const pausesPerKeeping = 24

/** Creates the agent that forgets finished jobs, batches and events when they are old enough. */
export const createPruner = ({ store, storage, clock, logger, keepMs }: Deps): Agent => {
  const startedAt = { now: clock.now(), monotonic: clock.monotonic() }
  const pauseMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, keepMs / pausesPerKeeping))

  /**
   * Returns how far the wall clock has been set ahead since the start, or 0 when it was set back. The store reckons
   * ages by such a clock, so that much more is kept, because a clock that jumps ahead must not make the store forget
   * anything.
   */
  const aheadMs = (): number => Math.max(0, clock.now() - startedAt.now - (clock.monotonic() - startedAt.monotonic))

  const round = async (signal: AbortSignal): Promise<number> => {
    const total = { jobs: 0, events: 0, batches: 0 }
    while (await storage.opens(signal)) {
      const { jobs, events, batches } = await store.prune({ olderThanMs: keepMs + aheadMs(), limit: stepRows })
      total.jobs += jobs
      total.events += events
      total.batches += batches
      if (jobs + events + batches === 0) break
      await clock.sleep(betweenStepsMs, signal)
    }
    if (total.jobs + total.events + total.batches > 0) logger.info(total, 'Forgot what finished long ago')
    return pauseMs
  }

  return createAgent({
    name: 'pruner',
    clock,
    logger,
    // History can wait.
    backoff: { firstMs: pauseMs, longestMs: pauseMs },
    round,
  })
}
