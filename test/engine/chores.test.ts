import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import type { Chore, ChoreStore } from '../../src/ports/chore-store.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'
import { choreLeaseMs, setupChores } from './chores-setup.js'
import { collectLogs } from './engine-setup.js'

const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** Sets up two nodes on one store, and what can be done to the store of the first. */
const setup = () => {
  const clock = createVirtualClock()
  endings.push(() => clock.stop())
  const store = createMemoryStore({ clock, wakeup: { notify() {}, subscribe: () => () => {} } })
  const logs: string[] = []
  let renewals = 0
  let keeps: ChoreStore['keepChore'] = store.keepChore
  const watched: ChoreStore = {
    ...store,
    keepChore: (...args) => {
      renewals++
      return keeps(...args)
    },
  }
  const stopping = new AbortController()
  /** Work that lasts for so long, unless it is broken off. */
  const lasting = (ms: number) => async (_chore: unknown, signal: AbortSignal) => clock.sleep(ms, signal)
  return {
    clock,
    store,
    logs,
    lasting,
    stopping,
    one: setupChores(clock, watched, collectLogs(logs)),
    other: setupChores(clock, store),
    renewals: () => renewals,
    renewBy: (keep: ChoreStore['keepChore']) => {
      keeps = keep
    },
  }
}

describe('a chore of a node', () => {
  it('is kept for as long as its work lasts, and left at its end', async () => {
    const { one, other, clock, lasting, stopping, renewals } = setup()
    const work = one.perform('pruner', lasting(10 * choreLeaseMs), stopping.signal)
    await clock.sleep(9 * choreLeaseMs)
    expect(await other.perform('pruner', lasting(0), stopping.signal)).toBeGreaterThan(choreLeaseMs / 2)
    expect(await work).toBeNull()
    expect(renewals()).toBeLessThanOrEqual(30)
    expect(await other.perform('pruner', lasting(0), stopping.signal)).toBeNull()
  })

  it('is no work for another node, which learns when to look again', async () => {
    const { one, other, lasting, stopping, clock } = setup()
    void one.perform('pruner', lasting(5_000), stopping.signal)
    await clock.sleep(1_000)
    const worked: string[] = []
    const work = async ({ name }: Chore): Promise<void> => void worked.push(name)
    expect(await other.perform('pruner', work, stopping.signal)).toBe(choreLeaseMs - 1_000)
    expect(await other.perform('janitor', work, stopping.signal)).toBeNull()
    expect(worked).toEqual(['janitor'])
  })

  it('is left when its work fails and when the node stops', async () => {
    const { one, other, lasting, stopping } = setup()
    const failing = async (): Promise<void> => {
      throw new Error('bug')
    }
    await expect(one.perform('pruner', failing, stopping.signal)).rejects.toThrow('bug')
    expect(await other.perform('pruner', lasting(0), new AbortController().signal)).toBeNull()
    const work = one.perform('pruner', lasting(60_000), stopping.signal)
    stopping.abort(new Error('the daemon stops'))
    await expect(work).rejects.toThrow('the daemon stops')
    expect(await other.perform('pruner', lasting(0), new AbortController().signal)).toBeNull()
  })

  const full = async () => {
    throw new AppError('storage_full', 'full')
  }
  it.each([
    ['fails', full],
    ['gets no answer', () => new Promise<boolean>(() => {})],
  ])('is given up while a margin of its lease is left, when its renewal %s', async (_, keep) => {
    const { one, clock, lasting, stopping, renewBy, logs } = setup()
    renewBy(keep)
    expect(await one.perform('pruner', lasting(10 * choreLeaseMs), stopping.signal)).toBe(1_000)
    expect(clock.monotonic()).toBeGreaterThan(choreLeaseMs / 2)
    expect(clock.monotonic()).toBeLessThan(choreLeaseMs)
    expect(logs.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    expect(logs.at(0)).toContain('A chore was lost')
  })

  it('is kept although the store fails for a moment', async () => {
    const { one, store, clock, lasting, stopping, renewBy } = setup()
    let failures = 5
    renewBy(async (...args) => (failures-- > 0 ? full() : store.keepChore(...args)))
    expect(await one.perform('pruner', lasting(3 * choreLeaseMs), stopping.signal)).toBeNull()
    expect(clock.monotonic()).toBeGreaterThanOrEqual(3 * choreLeaseMs)
  })

  it('breaks its work off at the next renewal when another node has it', async () => {
    const { one, clock, lasting, stopping, renewBy } = setup()
    renewBy(async () => false)
    expect(await one.perform('pruner', lasting(10 * choreLeaseMs), stopping.signal)).toBe(1_000)
    expect(clock.monotonic()).toBeLessThanOrEqual(choreLeaseMs / 2)
  })

  it('is not begun when the node stops while the store answers', async () => {
    const { one, other, stopping, lasting } = setup()
    const worked: string[] = []
    const taking = one.perform('pruner', async ({ name }) => void worked.push(name), stopping.signal)
    stopping.abort(new Error('the daemon stops'))
    await expect(taking).rejects.toThrow('the daemon stops')
    expect(worked).toEqual([])
    expect(await other.perform('pruner', lasting(0), new AbortController().signal)).toBeNull()
  })
})
