import { AppError } from '../../core/app-error.js'
import { doubled } from '../../core/retry.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import { createWaker } from './waker.js'

/** An agent looks again and again whether there is work for it, at its own pace or as soon as it is poked. */
export interface Agent {
  /** Begins the rounds. A second start changes nothing. */
  start(): void
  /** There may be work, so the next round begins at once, or right after the one under way. */
  poke(): void
  /**
   * Resolves when the round under way has ended and no other begins. It is idempotent, and without a start it only
   * forbids one.
   */
  stop(): Promise<void>
}

export interface AgentOptions {
  /** The log names the agent by this when a round fails. */
  readonly name: string
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
  /** No round begins while the gate is shut. Without a gate rounds need no database. */
  readonly gate?: { opens(signal: AbortSignal): Promise<boolean> }
  /** Subscribes to hints for as long as the agent runs. Returns the function that ends the subscription. */
  readonly wakeOn?: (poke: () => void) => () => void
  /** The first round waits so long. By default it does not wait. */
  readonly firstInMs?: number
  /** The agent waits so long after a failed round, and twice as long after each further one in a row. */
  readonly backoff: { readonly firstMs: number; readonly longestMs: number }
  /**
   * Makes one look. It resolves to how many milliseconds the next one waits unless the agent is poked; with 0 it begins
   * at once. The signal aborts when the agent stops, and what a round throws after that is ignored.
   */
  round(signal: AbortSignal): Promise<number>
}

/**
 * Creates an agent that makes one round after the other, and never two at once. A round that throws is logged and tried
 * again.
 */
export const createAgent = (options: AgentOptions): Agent => {
  const { name, clock, logger, gate, backoff } = options
  const waker = createWaker(clock)
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | null = null
  let failures = 0

  const tell = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof AppError) {
      logger.warn({ agent: name, code: error.code, reason }, 'A round of this agent failed and will be tried again')
    } else {
      const stack = error instanceof Error ? error.stack : reason
      logger.error({ agent: name, error: stack }, 'A round of this agent ended in a bug and will be tried again')
    }
  }

  const tryRound = async (): Promise<number> => {
    try {
      const idleMs = await options.round(signal)
      failures = 0
      return idleMs
    } catch (error) {
      if (!signal.aborted) tell(error)
      return doubled(backoff.firstMs, failures++, backoff.longestMs)
    }
  }

  const run = async (): Promise<void> => {
    const unsubscribe = options.wakeOn?.(waker.poke)
    if (options.firstInMs !== undefined) await waker.wait(options.firstInMs, signal)
    while (!signal.aborted && (gate === undefined || (await gate.opens(signal)))) {
      if (signal.aborted) break
      const idleMs = await tryRound()
      if (idleMs > 0) await waker.wait(idleMs, signal)
    }
    unsubscribe?.()
  }

  return {
    start() {
      if (!signal.aborted) running ??= run()
    },
    poke: waker.poke,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
