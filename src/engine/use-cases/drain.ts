import { AppError } from '../../core/app-error.js'
import type { Clock } from '../../ports/clock.js'
import { instantOf, type Since, type WaitAnswer, type Waits } from './waits.js'

/** How long a client should leave a draining daemon alone. */
const retrySeconds = 10

/** Refuses new work while all that was taken is finished. The process lives; nothing of this is stored. */
export interface Drain {
  isDraining(): boolean
  /** Throws AppError `draining` while new work is refused. */
  assertOpen(): void
  /** Takes new work, unless it is refused; what is being taken when a drain begins belongs to the work to be finished. */
  admit<T>(take: () => Promise<T>): Promise<T>
  /**
   * Refuses new work from now on and waits like Waits for everything. A repeat goes on waiting, and counts from when the
   * drain began; `since` widens that.
   */
  begin(timeoutMs: number, since: Since | null, signal: AbortSignal): Promise<WaitAnswer>
  /** Takes new work again. */
  undo(): void
  /** The process stops: refuses new work for good. */
  close(): void
}

interface Deps {
  readonly waits: Waits
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

export const createDrain = ({ waits, clock }: Deps): Drain => {
  const taking = new Set<Promise<unknown>>()
  let draining = false
  let begunAt = 0
  let closed = false
  const isDraining = (): boolean => draining || closed

  const assertOpen = (): void => {
    if (!isDraining()) return
    throw new AppError('draining', 'The daemon is draining and takes no new jobs.', { retryAfterSeconds: retrySeconds })
  }

  return {
    isDraining,
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
      if (!draining) begunAt = clock.monotonic()
      draining = true
      const now = clock.now()
      const began = now - (clock.monotonic() - begunAt)
      const at = Math.floor(since === null ? began : Math.min(began, instantOf(since, now)))
      await Promise.allSettled(taking)
      return waits.wait({ since: { at } }, timeoutMs, signal)
    },
    undo() {
      draining = false
    },
    close() {
      closed = true
    },
  }
}
