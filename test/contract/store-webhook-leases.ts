import { describe, expect, it } from 'vitest'
import type { DueWebhook } from '../../src/ports/webhooks.js'
import { jobRequest, leaseMs, type StoreSetup } from './store-setup.js'

const hour = 3_600_000
const answer = { status: 500, reason: 'answered 500', retryAfterMs: null }
const again = { to: 'pending', delayMs: 0 } as const
const page = { limit: 100, cursor: null } as const

/** Tests that a message belongs to one sender at a time. */
export const webhookLeaseTests = (setup: () => Promise<StoreSetup>): void => {
  describe('a message that a sender has taken', () => {
    const withMessages = async (...hosts: string[]) => {
      const tools = await setup()
      const { store, submit } = tools
      for (const host of hosts) {
        const webhook = { url: `https://${host}.example/`, events: ['job.queued'] }
        await submit({ options: { ...jobRequest('x').options, webhook } })
      }
      const take = (request: object = {}) =>
        store.takeWebhooks({ leaseMs, limit: 100, perHost: 4, quotas: [], afterHost: '', ...request })
      const takeOne = async (): Promise<DueWebhook> => {
        const [message] = (await take()).items
        if (message === undefined) throw new Error('nothing is due')
        return message
      }
      const shown = async () => (await store.webhooks({}, page)).items
      return { ...tools, take, takeOne, shown }
    }

    it('is given to no other before its lease is over, and then under the same id', async () => {
      const { take, takeOne, shown, advance } = await withMessages('a')
      const taken = await takeOne()
      expect(await take()).toEqual({ items: [], nextDueInMs: leaseMs })
      advance(leaseMs - 1)
      expect(await take()).toEqual({ items: [], nextDueInMs: 1 })
      expect(await shown()).toMatchObject([{ id: taken.id, state: 'pending', attempts: 0 }])
      advance(1)
      const { id, body, epoch } = await takeOne()
      expect({ id, body }).toEqual({ id: taken.id, body: taken.body })
      expect(epoch).toBeGreaterThan(taken.epoch)
    })

    it('hears nothing of a sender that was overtaken', async () => {
      const { store, takeOne, shown, advance } = await withMessages('a')
      const late = await takeOne()
      advance(leaseMs)
      const taken = await takeOne()
      await store.noteWebhook(late, answer, { to: 'failed' })
      await store.releaseWebhooks([late])
      expect(await shown()).toMatchObject([{ state: 'pending', attempts: 0 }])
      await store.noteWebhook(taken, answer, { to: 'delivered' })
      await store.noteWebhook(late, answer, again)
      expect(await shown()).toMatchObject([{ state: 'delivered', attempts: 1 }])
    })

    it('is still heard of when its lease is over and no other has taken it', async () => {
      const { store, takeOne, shown, advance } = await withMessages('a')
      const late = await takeOne()
      advance(hour)
      await store.noteWebhook(late, answer, { to: 'delivered' })
      expect(await shown()).toMatchObject([{ state: 'delivered', attempts: 1 }])
    })

    it('can be taken at once when it was released, and after its next wait when its try was noted', async () => {
      const { store, take, takeOne, hints } = await withMessages('a')
      const first = await takeOne()
      hints.length = 0
      await store.releaseWebhooks([first])
      expect(hints).toEqual(['webhooks'])
      await store.noteWebhook(first, answer, { to: 'failed' })
      const second = await takeOne()
      expect(second).toMatchObject({ id: first.id, attempts: 0 })
      await store.noteWebhook(second, answer, { to: 'pending', delayMs: 5_000 })
      expect(await take()).toEqual({ items: [], nextDueInMs: 5_000 })
    })

    it('counts into the share of its host, whoever has taken it', async () => {
      const { take } = await withMessages('a', 'a', 'a', 'a', 'b', 'b')
      const names = async (request: object = {}) => (await take(request)).items.map(({ host }) => host[0]).join('')
      expect(await names({ perHost: 2, limit: 3 })).toBe('aab')
      expect(await names({ perHost: 2, quotas: [{ host: 'b.example', limit: 1 }] })).toBe('')
      expect(await names({ perHost: 3 })).toBe('ab')
      expect(await names({ quotas: [{ host: 'a.example', limit: 3 }] })).toBe('')
      expect(await names()).toBe('a')
    })

    it('is sent anew when a user wants it again meanwhile, and the try that was under way says nothing', async () => {
      const { store, takeOne, shown } = await withMessages('a')
      const before = await takeOne()
      await store.redeliverWebhook(before.id)
      const anew = await takeOne()
      await store.noteWebhook(before, answer, { to: 'delivered' })
      expect(await shown()).toMatchObject([{ id: before.id, state: 'pending', attempts: 0 }])
      await store.noteWebhook(anew, answer, { to: 'delivered' })
      expect(await shown()).toMatchObject([{ state: 'delivered', attempts: 1 }])
    })

    it('is given up with the others when it was tried for too long', async () => {
      const { store, takeOne, shown, advance } = await withMessages('a')
      const late = await takeOne()
      advance(hour + 1)
      expect(await store.expireWebhooks(hour, 10)).toBe(1)
      await store.noteWebhook(late, answer, { to: 'delivered' })
      expect(await shown()).toMatchObject([{ state: 'failed', attempts: 0 }])
    })

    it.each([hour, -hour])('keeps its lease when the wall clock is set by %d ms', async (jump) => {
      const { store, take, takeOne, advance, jump: set } = await withMessages('a')
      const { id } = await takeOne()
      advance(leaseMs - 1)
      set(jump)
      await store.check()
      expect(await take()).toEqual({ items: [], nextDueInMs: 1 })
      advance(1)
      expect((await take()).items).toMatchObject([{ id }])
    })
  })
}
