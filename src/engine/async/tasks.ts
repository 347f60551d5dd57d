import { doubled } from '../../core/retry.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'

/** A piece of work that takes longer than a round of its agent. */
export interface Task {
  /** No two of one name are at work at once. */
  readonly name: string
  /** Tells the log what it is about. */
  readonly fields: Readonly<Record<string, unknown>>
  /**
   * Resolves to null when it is done, and otherwise to the milliseconds after which it is begun anew, when it is still
   * wanted. It is begun anew, after a while, when it throws.
   */
  perform(signal: AbortSignal): Promise<number | null>
}

/** The tasks of an agent, each at work by itself, beside the agent's rounds. */
export interface Tasks {
  /** Begins the tasks that are wanted and not at work, and ends those at work that are no longer wanted. */
  follow(wanted: readonly Task[]): void
  /** Resolves when all have ended. */
  stop(): Promise<void>
}

interface Deps {
  readonly clock: Clock
  readonly logger: Logger
  /** Called when a task has ended: there may be something else to do. */
  onEnd(): void
  /** How many may be at work at once; the others wait for their turn. Absent: any number. */
  readonly atOnce?: number
}

const firstBackoffMs = 1_000
const longestBackoffMs = 60_000

export const createTasks = ({ clock, logger, onEnd, atOnce = Number.POSITIVE_INFINITY }: Deps): Tasks => {
  const active = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>()
  /** When tasks that are not done have their next turn, and how often in a row they have failed. */
  const turns = new Map<string, { readonly failures: number; readonly notBefore: number }>()

  const attempt = async ({ name, fields, perform }: Task, signal: AbortSignal): Promise<void> => {
    const startedAt = clock.monotonic()
    try {
      const againInMs = await perform(signal)
      if (againInMs === null) turns.delete(name)
      else turns.set(name, { failures: 0, notBefore: clock.monotonic() + againInMs })
      logger.debug({ ...fields, afterMs: Math.round(clock.monotonic() - startedAt) }, 'A task ended')
    } catch (error) {
      if (signal.aborted) return
      const failures = turns.get(name)?.failures ?? 0
      const backoffMs = doubled(firstBackoffMs, failures, longestBackoffMs)
      turns.set(name, { failures: failures + 1, notBefore: clock.monotonic() + backoffMs })
      const reason = error instanceof Error ? error.message : String(error)
      logger.error({ ...fields, reason, backoffMs }, 'A task failed and is begun anew')
    }
  }

  const begin = (task: Task): void => {
    const abort = new AbortController()
    const ended = attempt(task, abort.signal).finally(() => {
      active.delete(task.name)
      onEnd()
    })
    active.set(task.name, { abort, ended })
  }

  const mayBegin = ({ name }: Task): boolean =>
    !active.has(name) && active.size < atOnce && (turns.get(name)?.notBefore ?? 0) <= clock.monotonic()

  return {
    follow(wanted) {
      const names = new Set(wanted.map(({ name }) => name))
      for (const [name, { abort }] of active) if (!names.has(name)) abort.abort(new Error('no longer wanted'))
      for (const name of turns.keys()) if (!names.has(name)) turns.delete(name)
      for (const task of wanted) if (mayBegin(task)) begin(task)
    },
    async stop() {
      for (const { abort } of active.values()) abort.abort(new Error('the daemon stops'))
      await Promise.all([...active.values()].map(({ ended }) => ended))
    },
  }
}
