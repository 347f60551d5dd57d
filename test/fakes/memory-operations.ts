import { AppError } from '../../src/core/app-error.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Store } from '../../src/ports/store.js'
import { type StoreOperation, storeOperations } from '../../src/ports/store-operations.js'
import type { Wakeup } from '../../src/ports/wakeup.js'

/** The port as the memory store carries it out: each operation in one go. */
export type MemoryOperations = {
  readonly [Name in StoreOperation]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>>
}

export interface MemoryStoreDeps {
  readonly clock: Clock
  readonly wakeup: Wakeup
  /** Eight characters that event ids and cursors begin with. */
  readonly instance?: string
  /** Called before each operation takes place; what it throws is what the caller gets, and nothing was changed. */
  before?(operation: keyof Store): void | Promise<void>
}

interface Deps extends MemoryStoreDeps {
  /** The wall clock was set by so much. */
  clockMoved(by: number): void
  lastEventId(): string
}

/** The store port over its operations: the hints that the table of operations names follow each of them. */
export const createStoreOf = (operations: MemoryOperations, deps: Deps): Store => {
  const { clock, wakeup } = deps
  const wallOffset = (): number => clock.now() - clock.monotonic()
  let followed = wallOffset()
  let closed = false

  /** Leases and backoffs are durations: they move along when the wall clock is set. */
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
