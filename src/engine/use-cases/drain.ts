import type { AppError } from '../../core/app-error.js'
import type { Clock } from '../../ports/clock.js'
import type { Intake } from '../capacity/intake.js'
import type { NodeBoard } from '../nodes/node-board.js'
import { instantOf, type Since, type WaitAnswer, type Waits } from './waits.js'

/**
 * Refuses new work while everything that was taken is finished; beside other nodes, everything that only this node can
 * finish. The process goes on, and nothing of this is stored.
 */
export interface Drain {
  /** Returns why new work is refused (AppError `draining`), or null while it is taken. */
  refusal(): AppError | null
  /** Throws AppError `draining` while new work is refused. */
  assertOpen(): void
  /** Takes new work, unless it is refused. What is being taken when a drain begins belongs to the work to be finished. */
  admit<T>(take: () => Promise<T>): Promise<T>
  /**
   * Refuses new work from now on and waits until all of that is settled, as Waits does. A repeat goes on waiting and counts
   * from when the drain began; `since` may lie before that.
   */
  begin(timeoutMs: number, since: Since | null, signal: AbortSignal): Promise<WaitAnswer>
  /** Takes new work again. */
  undo(): void
  /** The process stops: refuses new work for good. */
  close(): void
}

interface Deps {
  readonly waits: Waits
  readonly intake: Intake
  readonly board: Pick<NodeBoard, 'node' | 'isAlone'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

export const createDrain = ({ waits, intake, board, clock }: Deps): Drain => {
  const taking = new Set<Promise<unknown>>()
  /** Monotonic; null while no drain is under way. */
  let begunAt: number | null = null

  const assertOpen = (): void => {
    const refusal = intake.refusal()
    if (refusal !== null) throw refusal
  }

  return {
    refusal: intake.refusal,
    assertOpen,
    async admit(take) {
      assertOpen()
      const taken = take()
      taking.add(taken)
      try {
        return await taken
      } finally {
        taking.delete(taken)
      }
    },
    async begin(timeoutMs, since, signal) {
      begunAt ??= clock.monotonic()
      intake.drain()
      const now = clock.now()
      const began = now - (clock.monotonic() - begunAt)
      const at = Math.floor(since === null ? began : Math.min(began, instantOf(since, now)))
      await Promise.allSettled(taking)
      // What every node sees the others finish.
      const own = board.isAlone() ? {} : { node: board.node }
      return waits.wait({ ...own, since: { at } }, timeoutMs, signal)
    },
    undo() {
      begunAt = null
      intake.reopen()
    },
    close: intake.close,
  }
}
