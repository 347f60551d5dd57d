import { AppError } from '../../src/core/app-error.js'
import type { Clock } from '../../src/ports/clock.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { Store } from '../../src/ports/store.js'
import { type StoreOperation, storeOperations } from '../../src/ports/store-operations.js'
import type { Wakeup } from '../../src/ports/wakeup.js'

/** This is the port as the memory store carries it out: each operation happens in one go. */
export type MemoryOperations = {
  readonly [Name in StoreOperation]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>>
}

export interface MemoryStoreDeps {
  readonly clock: Clock
  readonly wakeup: Wakeup
  /** Event ids and cursors begin with these eight characters. */
  readonly instance?: string
  /**
   * This is called before each operation takes place. What it throws is what the caller gets, and then nothing was
   * changed.
   */
  before?(operation: keyof Store): void | Promise<void>
}

interface Deps extends MemoryStoreDeps {
  /** This is called when the wall clock was moved by so much. */
  clockMoved(by: number): void
  lastEventId(): string
}

/** Returns the first row that was made with an idempotency key, and the fingerprint of its request. */
export const firstWithKey = <Row extends { readonly idempotency: IdempotencyKey | null }>(
  rows: readonly Row[],
  key: string | undefined,
): { readonly row: Row; readonly fingerprint: string } | null => {
  const row = rows.find(({ idempotency }) => idempotency !== null && idempotency.key === key)
  return row?.idempotency ? { row, fingerprint: row.idempotency.fingerprint } : null
}

/** Returns the store port over its operations. The hints that the table of operations names follow each of them. */
export const createStoreOf = (operations: MemoryOperations, deps: Deps): Store => {
  const { clock, wakeup } = deps
  const wallOffset = (): number => clock.now() - clock.monotonic()
  let followed = wallOffset()
  let closed = false

  /** Moves leases and backoffs along when the wall clock is set, because they are durations. */
  const followWallClock = (): void => {
    const by = wallOffset() - followed
    followed += by
    if (by !== 0) deps.clockMoved(by)
  }

  const run = async (name: StoreOperation, args: never): Promise<unknown> => {
    if (closed) throw new AppError('storage_unavailable', 'The store is closed.')
    await deps.before?.(name)
    followWallClock()
    const eventsBefore = deps.lastEventId()
    const answer = (operations[name] as (...args: never) => unknown)(...args)
    if (deps.lastEventId() !== eventsBefore) wakeup.notify('events')
    for (const topic of storeOperations[name].wakes) wakeup.notify(topic)
    return answer
  }

  const names = Object.keys(storeOperations) as StoreOperation[]
  const close = async (): Promise<void> => {
    closed = true
  }
  return { ...Object.fromEntries(names.map((name) => [name, (...args: never) => run(name, args)])), close } as Store
}
