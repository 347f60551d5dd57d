import { prunerChore } from '../../core/chore.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { StoreUpkeep } from '../../ports/upkeep-store.js'
import { type Agent, createAgent } from '../async/agent.js'
import type { Chores } from '../storage/chores.js'
import type { StorageGate } from '../storage/storage-gate.js'

interface Deps {
  readonly store: Pick<StoreUpkeep, 'prune'>
  readonly storage: Pick<StorageGate, 'opens'>
  readonly chores: Chores
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

/**
 * Creates the agent that forgets finished jobs, batches and events when they are old enough. One node at a time does it.
 */
export const createPruner = ({ store, storage, chores, clock, logger, keepMs }: Deps): Agent => {
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
    /** Takes one step. Returns whether it found anything. */
    const step = async (): Promise<boolean> => {
      const { jobs, events, batches } = await store.prune({ olderThanMs: keepMs + aheadMs(), limit: stepRows })
      total.jobs += jobs
      total.events += events
      total.batches += batches
      return jobs + events + batches > 0
    }

    if (!(await storage.opens(signal))) return pauseMs
    // The first step is the look whether anything is to be done. It is one transaction, so it needs no chore, which an
    // idle daemon would have to write.
    if (!(await step())) return pauseMs
    const goOn = async (held: AbortSignal): Promise<void> => {
      do await clock.sleep(betweenStepsMs, held)
      while ((await storage.opens(held)) && (await step()))
    }
    const againInMs = await chores.perform(prunerChore, (_chore, held) => goOn(held), signal)
    logger.info(total, 'Forgot what finished long ago')
    return Math.min(againInMs ?? pauseMs, pauseMs)
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
