import { afterEach, describe, expect, it } from 'vitest'
import { createLeaseKeeper, instantOf, type LeaseKeeper } from '../../src/engine/dispatch/lease-keeper.js'
import { createRunControl } from '../../src/engine/upload/run-control.js'
import type { Lease } from '../../src/ports/lease.js'
import type { Logger } from '../../src/ports/logger.js'
import type { HeartbeatAnswer } from '../../src/ports/queue-store.js'
import { createManualClock } from '../fakes/manual-clock.js'

const leaseMs = 30_000
const lease: Lease = { jobId: 'job', epoch: 1 } as Lease
const quiet = new Proxy({}, { get: () => () => {} }) as Logger

let keeper: LeaseKeeper
let release: () => void
afterEach(async () => {
  release()
  await keeper.close()
})

/** Sets up a keeper over a store that answers heartbeats at once only when `answers` is true. */
const setup = (answers: boolean) => {
  const clock = createManualClock()
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const heartbeat = async (): Promise<HeartbeatAnswer[]> => {
    if (!answers) await held
    return [{ jobId: 'job', held: true, desired: 'run', tuning: null } as unknown as HeartbeatAnswer]
  }
  keeper = createLeaseKeeper({
    store: { heartbeat },
    wakeup: { subscribe: () => () => {} } as never,
    clock,
    logger: quiet,
    leaseMs,
  })
  return { clock, control: createRunControl({ priority: 0, parallel: 1, bandwidth: null } as never) }
}

describe('the lease keeper', () => {
  it('ends a run before its lease is over when a heartbeat gets no answer at all', async () => {
    const { clock, control } = setup(false)
    const kept = keeper.keep(lease, control)
    await clock.advance(leaseMs - 6_000)
    expect(control.hard.aborted).toBe(false)
    await clock.advance(3_000)
    expect(control.hard.aborted).toBe(true)
    expect(() => kept.assert()).toThrow('fenced')
  })

  it('counts a lease from when it was asked for', async () => {
    const { clock, control } = setup(false)
    const asked = instantOf(clock)
    await clock.advance(leaseMs - 4_000)
    expect(() => keeper.keep(lease, control, asked).assert()).toThrow('fenced')
  })

  it('refuses what would follow a suspension that only the wall clock saw', async () => {
    const { clock, control } = setup(false)
    const kept = keeper.keep(lease, control)
    kept.assert()
    clock.jump(leaseMs)
    expect(() => kept.assert()).toThrow('fenced')
  })

  it('goes on when the store says that the lease is still held after such a suspension', async () => {
    const { clock, control } = setup(true)
    const kept = keeper.keep(lease, control)
    clock.jump(leaseMs)
    await clock.advance(2_000)
    kept.assert()
    expect(control.hard.aborted).toBe(false)
  })
})
