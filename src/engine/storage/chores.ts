import type { Chore, ChoreStore } from '../../ports/chore-store.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import { createAgent } from '../async/agent.js'
import { callPatiently } from './patient-store.js'
import { isStorageFailure, type StorageGate } from './storage-gate.js'

/** Lets this node do work that is no job, and that one node does at a time. */
export interface Chores {
  /**
   * Takes the chore, does the work under it, and leaves it, however the work ends. The chore is renewed meanwhile. The
   * signal of the work aborts when that of the caller does, and when the chore is lost. Resolves to null when the work is
   * done, and otherwise to the milliseconds after which another node may have left the chore. Rejects as the work does.
   */
  perform(
    name: string,
    work: (chore: Chore, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number | null>
}

interface Deps {
  readonly store: ChoreStore
  readonly storage: Pick<StorageGate, 'opens'>
  readonly node: string
  readonly leaseMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** A chore is renewed again so soon after the store failed to. */
const retryMs = 1_000

/** Renews a chore, and calls `lose` with the reason once it is lost. Returns the function that ends this. */
const keep = (
  { store, leaseMs, clock, logger }: Deps,
  chore: Chore,
  takenAt: number,
  lose: (reason: string) => void,
): (() => void) => {
  /** A chore that could not be renewed is given up with so much of its lease left. */
  const marginMs = leaseMs / 6
  let askedAt = takenAt
  let isOver = false
  const loseOnce = (reason: string): void => {
    if (!isOver) lose(reason)
    isOver = true
  }
  const common = { name: chore.name, clock, logger, backoff: { firstMs: retryMs, longestMs: retryMs } }
  const renewal = createAgent({
    ...common,
    firstInMs: leaseMs / 3,
    async round() {
      const at = clock.monotonic()
      try {
        if (await store.keepChore(chore, leaseMs)) askedAt = at
        else loseOnce('another node has it')
      } catch (error) {
        // The gate tells of the medium, and what follows from it is told when the chore is lost.
        if (!isStorageFailure(error)) throw error
        return retryMs
      }
      return leaseMs / 3
    },
  })
  /** Also sees a renewal that gets no answer at all. */
  const guard = createAgent({
    ...common,
    async round() {
      const leftMs = askedAt + leaseMs - marginMs - clock.monotonic()
      if (leftMs <= 0) loseOnce('it could not be renewed')
      return Math.max(leftMs, retryMs)
    },
  })
  renewal.start()
  guard.start()
  return () => {
    isOver = true
    void renewal.stop()
    void guard.stop()
  }
}

export const createChores = (deps: Deps): Chores => {
  const { store, storage, node, leaseMs, clock, logger } = deps
  return {
    async perform(name, work, signal) {
      let askedAt = clock.monotonic()
      const take = () => {
        askedAt = clock.monotonic()
        return store.takeChore({ name, node, leaseMs })
      }
      const taken = await callPatiently(storage, take, signal)
      if (taken.kind === 'held') return taken.forMs
      const { chore } = taken
      const held = new AbortController()
      const end = (): void => held.abort(signal.reason)
      signal.addEventListener('abort', end, { once: true })
      let lost: string | null = null
      const letGo = keep(deps, chore, askedAt, (reason) => {
        lost = reason
        logger.warn({ chore: name, reason }, 'A chore was lost, and its work is broken off')
        held.abort(new Error(`the chore ${name} was lost`))
      })
      try {
        signal.throwIfAborted()
        await work(chore, held.signal)
        return null
      } catch (error) {
        if (lost === null || signal.aborted) throw error
        // The store says then how long another node has it, or lets this one begin anew.
        return retryMs
      } finally {
        letGo()
        signal.removeEventListener('abort', end)
        await store.leaveChore(chore).catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error)
          logger.debug({ chore: name, reason }, 'A chore could not be left, and ends with its lease')
        })
      }
    },
  }
}
