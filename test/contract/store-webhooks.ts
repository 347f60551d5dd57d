import { describe, expect, it } from 'vitest'
import type { WebhookVerdict } from '../../src/core/webhook.js'
import type { Store } from '../../src/ports/store.js'
import { granted, jobError, jobRequest, leaseMs, type StoreSetup } from './store-setup.js'

const hour = 3_600_000
const answer = { status: 500, reason: 'answered 500', retryAfterMs: null }
const everything = { leaseMs, limit: 100, perHost: 100, quotas: [], afterHost: '' } as const
const page = { limit: 100, cursor: null } as const

/** Returns what may be sent now. Nothing stays taken. */
const look = async (store: Store, request: object = {}) => {
  const found = await store.takeWebhooks({ ...everything, ...request })
  await store.releaseWebhooks(found.items)
  return found
}

/** Tests the outbox of webhooks. */
export const webhookTests = (setup: () => Promise<StoreSetup>): void => {
  describe('the outbox of webhooks', () => {
    const wishing = (url = 'https://a.example/hooks', events: readonly string[] = ['job.queued', 'job.failed']) => ({
      options: { ...jobRequest('x').options, webhook: { url, events } },
    })

    it('gets a message with each event that was asked for, and no other', async () => {
      const { store, submit, claimOne, hints, now } = await setup()
      await submit()
      expect(hints).not.toContain('webhooks')
      await submit(wishing())
      await claimOne()
      await claimOne()
      expect(hints.filter((hint) => hint === 'webhooks')).toHaveLength(1)
      const { items, nextDueInMs } = await look(store)
      expect(nextDueInMs).toBeNull()
      expect(items).toMatchObject([
        {
          jobId: 'job-2',
          type: 'job.queued',
          url: 'https://a.example/hooks',
          host: 'a.example',
          state: 'pending',
          attempts: 0,
          createdAt: now(),
          dueAt: now(),
        },
      ])
      const [event] = (await store.eventsAfter(null, { jobId: 'job-2' }, 9)).items
      expect(items[0]?.id).toBe(event?.id)
      expect(JSON.parse(items[0]?.body ?? '')).toEqual({
        type: 'job.queued',
        timestamp: event?.at,
        data: { job: event?.job },
      })
    })

    it('is told of the end of a job in the commit that ends it', async () => {
      const { store, failed } = await setup()
      const job = await failed(wishing(undefined, ['job.failed']))
      expect((await look(store)).items).toMatchObject([{ jobId: job.id, type: 'job.failed' }])
    })

    const one = async (tools: StoreSetup) => {
      await tools.submit(wishing())
      const [message] = (await look(tools.store)).items
      if (message === undefined) throw new Error('nothing is due')
      return message
    }
    /** Takes all that is due, and notes the end of a try of one message. */
    const note = async ({ store }: StoreSetup, id: string, verdict: WebhookVerdict) => {
      const { items } = await store.takeWebhooks(everything)
      await store.noteWebhook(items.find((message) => message.id === id) ?? { id, epoch: 1 }, answer, verdict)
      await store.releaseWebhooks(items)
    }

    it('holds a message back until it is due again, and counts its tries', async () => {
      const tools = await setup()
      const { store, now, advance } = tools
      const { id } = await one(tools)
      await note(tools, id, { to: 'pending', delayMs: 5000 })
      expect(await look(store)).toEqual({ items: [], nextDueInMs: 5000 })
      advance(5000)
      expect((await look(store)).items).toMatchObject([
        {
          id,
          attempts: 1,
          triedForMs: 5000,
          attemptedAt: now() - 5000,
          dueAt: now(),
          status: 500,
          reason: 'answered 500',
        },
      ])
    })

    it.each(['delivered', 'failed'] as const)(
      'offers a message that is %s no more, until it is wanted again',
      async (to) => {
        const tools = await setup()
        const { store, now, advance, hints } = tools
        const { id } = await one(tools)
        await note(tools, id, { to })
        await note(tools, id, { to: 'pending', delayMs: 0 })
        expect((await look(store)).items).toEqual([])
        expect((await store.webhooks({}, page)).items).toMatchObject([{ id, state: to, attempts: 1, dueAt: null }])
        advance(10)
        hints.length = 0
        expect(await store.redeliverWebhook(id)).toMatchObject({ id, state: 'pending', attempts: 0, beganAt: now() })
        expect(hints).toEqual(['webhooks'])
        expect((await look(store)).items).toMatchObject([{ id, dueAt: now() }])
      },
    )

    it.each(['x', '', 'memory00-99', '00000000-1'])('knows no message %j', async (id) => {
      const tools = await setup()
      await one(tools)
      expect(await tools.store.redeliverWebhook(id)).toBeNull()
      await note(tools, id, { to: 'failed' })
      expect((await tools.store.webhooks({}, page)).items).toMatchObject([{ state: 'pending' }])
    })

    it('goes from host to host, each with its share, beginning behind one of them', async () => {
      const { store, submit } = await setup()
      for (const host of ['c', 'a', 'b', 'a', 'a', 'c'])
        await submit(wishing(`https://${host}.example/`, ['job.queued']))
      const hosts = async (request: object) => (await look(store, request)).items.map(({ host }) => host[0]).join('')
      expect(await hosts({})).toBe('aaabcc')
      expect(await hosts({ perHost: 1 })).toBe('abc')
      expect(await hosts({ perHost: 1, afterHost: 'a.example' })).toBe('bca')
      expect(await hosts({ perHost: 1, afterHost: 'c.example' })).toBe('abc')
      expect(
        await hosts({
          quotas: [
            { host: 'a.example', limit: 0 },
            { host: 'c.example', limit: 1 },
          ],
        }),
      ).toBe('bc')
      expect(await hosts({ limit: 2 })).toBe('aa')
    })

    it('gives up what was tried for too long', async () => {
      const tools = await setup()
      const { store, advance } = tools
      const { id } = await one(tools)
      advance(hour)
      await one(tools)
      const young = (await look(store)).items.at(-1)?.id
      expect(await store.expireWebhooks(hour, 10)).toBe(0)
      expect(await store.expireWebhooks(hour - 1, 10)).toBe(1)
      expect((await store.webhooks({ state: 'failed' }, page)).items.map((webhook) => webhook.id)).toEqual([id])
      expect((await store.webhooks({ state: 'pending' }, page)).items.map((webhook) => webhook.id)).toEqual([young])
    })

    it('is listed newest first, by job and by state, in pages', async () => {
      const { store, failed, submit } = await setup()
      const first = await failed(wishing())
      const second = await submit(wishing())
      const all = (await store.webhooks({}, page)).items
      expect(all.map(({ jobId, type }) => [jobId, type])).toEqual([
        [second.id, 'job.queued'],
        [first.id, 'job.failed'],
        [first.id, 'job.queued'],
      ])
      expect((await store.webhooks({ jobId: first.id }, page)).items).toEqual(all.slice(1))
      expect((await store.webhooks({ jobId: first.id, state: 'delivered' }, page)).items).toEqual([])
      const start = await store.webhooks({ jobId: first.id }, { limit: 1, cursor: null })
      expect(start.items).toEqual(all.slice(1, 2))
      expect(await store.webhooks({ jobId: first.id }, { limit: 1, cursor: start.nextCursor })).toEqual({
        items: all.slice(2),
        nextCursor: null,
      })
      await expect(store.webhooks({}, { limit: 1, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' })
    })

    it('forgets with a job what is settled of it, and the rest once that is settled', async () => {
      const tools = await setup()
      const { store, failed, advance } = tools
      const job = await failed(wishing(undefined, ['job.queued', 'job.failed', 'job.deleted']))
      const ids = (await look(store)).items.map(({ id }) => id)
      await note(tools, ids[0] ?? '', { to: 'delivered' })
      expect(await store.remove(job.id)).toBe('ok')
      const left = (await store.webhooks({}, page)).items
      expect(left.map(({ type }) => type)).toEqual(['job.deleted', 'job.failed'])
      for (const { id } of left) await note(tools, id, { to: 'delivered' })
      expect((await store.webhooks({}, page)).items).toEqual([])

      const other = await failed(wishing(undefined, ['job.failed']))
      await note(tools, (await look(store)).items[0]?.id ?? '', { to: 'failed' })
      advance(1)
      await store.prune({ olderThanMs: 0, limit: 100 })
      expect((await store.webhooks({ jobId: other.id }, page)).items).toEqual([])
    })

    it.each([hour, -hour])('neither hurries nor freezes a wait when the wall clock is set by %d ms', async (jump) => {
      const tools = await setup()
      const { store, advance, jump: set } = tools
      const { id } = await one(tools)
      await note(tools, id, { to: 'pending', delayMs: 10_000 })
      set(jump)
      // A caller that writes finds out about the clock.
      await store.check()
      expect(await look(store)).toEqual({ items: [], nextDueInMs: 10_000 })
      advance(10_000)
      expect((await look(store)).items).toMatchObject([{ id }])
    })

    it('tells nothing of a step that was rolled back', async () => {
      const { store, running } = await setup()
      const { lease } = await running(wishing(undefined, ['job.failed', 'job.running']))
      expect((await look(store)).items).toHaveLength(1)
      expect(await store.finish({ ...lease, epoch: 99 }, { to: 'failed', error: jobError, receipt: null })).toBe(
        'fenced',
      )
      expect((await look(store)).items).toHaveLength(1)
      granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
      expect((await look(store)).items).toHaveLength(2)
    })
  })
}
