import { describe, expect, it } from 'vitest'
import { granted, leaseMs, node, type StoreSetup } from './store-setup.js'

const hour = 3_600_000

/** Tests what it does to leases and waits that a wall clock is set. */
export const clockTests = (setup: () => Promise<StoreSetup>): void => {
  describe('a wall clock that is set', () => {
    it.each([hour, -hour])('by %d ms neither ends a lease early nor keeps it for ever', async (jump) => {
      const { store, running, advance, jump: set } = await setup()
      const { lease, job } = await running()
      advance(leaseMs - 1)
      set(jump)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toEqual([])
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ held: true }])
      set(jump)
      advance(leaseMs - 1)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toEqual([])
      advance(1)
      await store.claim({ node, limit: 9, leaseMs })
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ held: false }])
      expect((await store.get(job.id))?.crashes).toBe(1)
    })

    it.each([hour, -hour])('by %d ms neither hurries nor freezes a backoff', async (jump) => {
      const { store, running, advance, jump: set } = await setup()
      const { lease, job } = await running()
      granted(await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 10_000 }))
      set(jump)
      expect(await store.claim({ node, limit: 9, leaseMs })).toEqual({ claims: [], nextDueInMs: 10_000 })
      advance(9_999)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toEqual([])
      advance(1)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toMatchObject([{ job: { id: job.id } }])
    })

    it('moves no start that a person chose', async () => {
      const { store, submit, now, jump: set } = await setup()
      const dueAt = now() + hour
      const { id } = await submit({ dueAt })
      set(-hour)
      expect(await store.claim({ node, limit: 9, leaseMs })).toEqual({ claims: [], nextDueInMs: 2 * hour })
      set(2 * hour)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toMatchObject([{ job: { id } }])
    })
  })
}
