import { describe, expect, it } from 'vitest'
import type { Job } from '../../src/core/job.js'
import type { JobFilter } from '../../src/core/job-filter.js'
import { viewJob } from '../../src/core/job-view.js'
import { jobRequest, multipart, receipt, type StoreSetup, sent, threeParts } from './store-setup.js'

/** Tests lists, pages, events, stats and the end. */
export const readingTests = (setup: () => Promise<StoreSetup>): void => {
  const everything = async ({ store }: StoreSetup, filter: JobFilter, limit: number): Promise<string[]> => {
    const ids: string[] = []
    let cursor: string | null = null
    do {
      const page: { items: readonly Job[]; nextCursor: string | null } = await store.list(filter, { limit, cursor })
      expect(page.items.length).toBeLessThanOrEqual(limit)
      ids.push(...page.items.map((job) => job.id))
      cursor = page.nextCursor
    } while (cursor !== null)
    return ids
  }

  describe('list', () => {
    it('pages through all jobs, newest first', async () => {
      const tools = await setup()
      for (let i = 0; i < 7; i++) await tools.submit()
      const newestFirst = ['job-7', 'job-6', 'job-5', 'job-4', 'job-3', 'job-2', 'job-1']
      for (const limit of [1, 3, 7, 100]) expect(await everything(tools, {}, limit)).toEqual(newestFirst)
    })

    it('is not disturbed by jobs that come or go between pages', async () => {
      const { store, submit, failed } = await setup()
      const settled = await failed()
      for (let i = 0; i < 3; i++) await submit()
      const first = await store.list({}, { limit: 2, cursor: null })
      await submit()
      await store.remove(settled.id)
      const second = await store.list({}, { limit: 2, cursor: first.nextCursor })
      expect([...first.items, ...second.items].map((job) => job.id)).toEqual(['job-4', 'job-3', 'job-2'])
    })

    it('filters by states, bucket, batch and labels, all together', async () => {
      const tools = await setup()
      const { store, submit, failed } = tools
      const bucketB = { ...jobRequest('x').target, bucket: 'bucket-b' }
      await failed({ labels: { run: '1' } })
      await submit({ labels: { run: '1', 'a "quoted" \\ key': 'é=🚢' }, batchId: 'batch-1' })
      await submit({ labels: { run: '2' }, target: bucketB, batchId: 'batch-1' })
      await submit({ labels: {} })
      await store.control('job-4', { verb: 'pause' })
      const cases: [JobFilter, string[]][] = [
        [{ states: ['failed'] }, ['job-1']],
        [{ states: ['paused', 'failed', 'paused'] }, ['job-4', 'job-1']],
        [{ states: ['completed'] }, []],
        [{ states: [] }, []],
        [{ bucket: 'bucket-b' }, ['job-3']],
        [{ batchId: 'batch-1' }, ['job-3', 'job-2']],
        [{ source: '/srv/in/job-2.bin' }, ['job-2']],
        [{ source: '/srv/in/job-2.bin', states: ['failed'] }, []],
        [{ source: '/srv/in/' }, ['job-4', 'job-3', 'job-2', 'job-1']],
        [{ source: '/srv/i' }, []],
        [{ batchId: 'batch-1', bucket: 'bucket-a', states: ['queued', 'running'] }, ['job-2']],
        [{ labels: [{ key: 'run', value: '1' }] }, ['job-2', 'job-1']],
        [{ labels: [{ key: 'run', value: null }] }, ['job-3', 'job-2', 'job-1']],
        [
          {
            labels: [
              { key: 'run', value: '1' },
              { key: 'a "quoted" \\ key', value: 'é=🚢' },
            ],
          },
          ['job-2'],
        ],
        [{ labels: [{ key: 'run', value: '1%' }] }, []],
        [{ labels: [{ key: 'toString', value: null }] }, []],
      ]
      for (const [filter, ids] of cases) {
        for (const limit of [1, 100])
          expect(await everything(tools, filter, limit), JSON.stringify(filter)).toEqual(ids)
      }
    })

    it('refuses a cursor that is not its own', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      const parts = await store.parts(job.id, { limit: 1, cursor: null })
      const foreign = [parts.nextCursor ?? '', '', 'abc', '%%%', Buffer.from('jobs:elsewher:1').toString('base64url')]
      for (const cursor of foreign) {
        await expect(store.list({}, { limit: 1, cursor })).rejects.toMatchObject({
          code: 'invalid_request',
          details: { errors: [{ path: 'cursor' }] },
        })
      }
      await expect(store.parts(job.id, { limit: 1, cursor: 'abc' })).rejects.toMatchObject({ code: 'invalid_request' })
    })
  })

  describe('parts', () => {
    it('pages by part number', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      const first = await store.parts(job.id, { limit: 2, cursor: null })
      const second = await store.parts(job.id, { limit: 2, cursor: first.nextCursor })
      expect([...first.items, ...second.items].map((part) => part.partNumber)).toEqual([1, 2, 3])
      expect(second.nextCursor).toBeNull()
      expect((await store.parts('none', { limit: 2, cursor: null })).items).toEqual([])
    })
  })

  describe('events', () => {
    it('keep the job as it was then, in order', async () => {
      const { store, submit, claimOne, now, advance } = await setup()
      const queued = await submit({ batchId: 'batch-1', labels: { a: 'b' } })
      advance(5)
      const { job: running } = await claimOne()
      const { items, reset } = await store.eventsAfter(null, {}, 100)
      expect(reset).toBe(false)
      expect(items).toEqual([
        {
          id: items[0]?.id,
          type: 'job.queued',
          at: new Date(now() - 5).toISOString(),
          jobId: queued.id,
          batchId: 'batch-1',
          job: viewJob(queued),
        },
        {
          id: items[1]?.id,
          type: 'job.running',
          at: new Date(now()).toISOString(),
          jobId: queued.id,
          batchId: 'batch-1',
          job: viewJob(running),
        },
      ])
      expect(new Set(items.map((event) => event.id)).size).toBe(2)
    })

    it('are read on from any id, filtered or not, without a gap', async () => {
      const { store, submit } = await setup()
      const before = await store.lastEventId()
      expect(await store.eventsAfter(before, {}, 10)).toEqual({ items: [], reset: false, lastId: before })
      for (let i = 0; i < 5; i++) await submit({ batchId: i % 2 === 0 ? 'even' : null })
      const read = async (filter: object, limit: number) => {
        const ids: string[] = []
        let after = before
        for (;;) {
          const page = await store.eventsAfter(after, filter, limit)
          ids.push(...page.items.map((event) => event.jobId ?? ''))
          after = page.lastId
          if (page.items.length < limit) return ids
        }
      }
      expect(await read({}, 2)).toEqual(['job-1', 'job-2', 'job-3', 'job-4', 'job-5'])
      expect(await read({ batchId: 'even' }, 1)).toEqual(['job-1', 'job-3', 'job-5'])
      expect(await read({ jobId: 'job-2' }, 2)).toEqual(['job-2'])
      expect(await read({ jobId: 'job-2', batchId: 'even' }, 2)).toEqual([])
      const end = await store.lastEventId()
      expect(await store.eventsAfter(before, { jobId: 'job-2' }, 9)).toMatchObject({ lastId: end })
    })

    it('ask for a reset after an id that was never given', async () => {
      const { store, submit } = await setup()
      await submit()
      const last = await store.lastEventId()
      const [instance] = last.split('-')
      for (const after of ['', 'x', 'elsewher-1', `${instance}-2`, `${instance}-01`, `${instance}--1`, `${last} `]) {
        expect(await store.eventsAfter(after, {}, 10), after).toEqual({ items: [], reset: true, lastId: last })
      }
    })
  })

  describe('stats', () => {
    it('follow every change', async () => {
      const { store, submit, running, failed } = await setup()
      const none = { running: 0, completing: 0, paused: 0, cancelling: 0, completed: 0, cancelled: 0, failed: 0 }
      expect(await store.stats()).toMatchObject({ jobs: { ...none, queued: 0 }, bytesPending: 0 })
      const { lease } = await running()
      await submit({ dueAt: 0, priority: -1 })
      expect(await store.stats()).toMatchObject({ jobs: { ...none, queued: 1, running: 1 }, bytesPending: 600 })
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'u')
      await store.commitParts(lease, [sent(1)])
      expect((await store.stats()).bytesPending).toBe(500)
      await store.forgetUpload(lease, null)
      expect((await store.stats()).bytesPending).toBe(600)
      await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt })
      const gone = await failed()
      expect(await store.stats()).toMatchObject({
        jobs: { ...none, queued: 1, completed: 1, failed: 1 },
        bytesPending: 300,
      })
      await store.remove(gone.id)
      expect((await store.stats()).jobs).toEqual({ ...none, queued: 1, completed: 1 })
    })

    it('count the jobs that wait, by reason', async () => {
      const { store, submit, running, advance, now } = await setup()
      const none = { backoff: 0, endpoint: 0, credentials: 0, storage: 0, source: 0, notBefore: 0, node: 0 }
      expect((await store.stats()).waiting).toEqual(none)
      const { lease } = await running()
      await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 1000 })
      const later = await submit({ dueAt: now() + 5000 })
      await submit({ dueAt: now() + 5000 })
      expect((await store.stats()).waiting).toEqual({ ...none, backoff: 1, notBefore: 2 })
      await store.control(later.id, { verb: 'cancel' })
      expect((await store.stats()).waiting).toEqual({ ...none, backoff: 1, notBefore: 1 })
      advance(1000)
      await store.claim({ node: 'n', limit: 9, leaseMs: 30_000 })
      expect((await store.stats()).waiting).toEqual({ ...none, notBefore: 1 })
    })

    it('tell how many bytes are to go now, without what is paused, cancelled or scheduled', async () => {
      const { store, submit, running, now } = await setup()
      const due = async () => {
        const { bytesDue, bytesPending } = await store.stats()
        return [bytesDue, bytesPending]
      }
      expect(await due()).toEqual([0, 0])
      const { lease } = await running()
      const scheduled = await submit({ dueAt: now() + 5000 })
      const waiting = await submit()
      expect(await due()).toEqual([600, 900])
      await store.control(waiting.id, { verb: 'pause' })
      expect(await due()).toEqual([300, 900])
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'u')
      await store.commitParts(lease, [sent(1)])
      expect(await due()).toEqual([200, 800])
      // A job that waits because something failed goes on by itself, so its time counts.
      await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 1000 })
      expect(await due()).toEqual([200, 800])
      await store.control(scheduled.id, { verb: 'pause' })
      await store.control(scheduled.id, { verb: 'resume' })
      expect(await due()).toEqual([200, 800])
      await store.control(scheduled.id, { verb: 'cancel' })
      await store.control(waiting.id, { verb: 'resume' })
      // The job is cancelling, so its bytes are pending until the upload is gone, but no caller waits for them to be
      // sent.
      expect(await due()).toEqual([500, 800])
    })

    it('tell since when a job could be taken up', async () => {
      const { store, submit, advance, now } = await setup()
      const ready = async () => (await store.stats()).oldestReadyAt
      expect(await ready()).toBeNull()
      const madeAt = now()
      await submit({ dueAt: madeAt + 3000, priority: -1 })
      expect(await ready()).toBeNull()
      advance(1000)
      await submit({ priority: 5, target: { ...jobRequest('x').target, bucket: 'bucket-b' } })
      await submit({ priority: -5 })
      expect(await ready()).toBe(madeAt + 1000)
      await store.claim({ node: 'n', limit: 2, leaseMs: 30_000 })
      expect(await ready()).toBeNull()
      advance(3000)
      await submit()
      await store.claim({ node: 'n', limit: 1, leaseMs: 30_000 })
      expect(await ready()).toBe(madeAt + 3000)
    })

    it('count the messages of webhooks and tell since when the oldest is tried', async () => {
      const { store, submit, now, advance } = await setup()
      const webhook = { url: 'https://a.example/hooks', events: ['job.queued'] }
      const told = { options: { ...jobRequest('x').options, webhook } }
      expect(await store.stats()).toMatchObject({
        webhooks: { pending: 0, delivered: 0, failed: 0 },
        oldestWebhookAt: null,
      })
      const began = now()
      for (let n = 0; n < 3; n++) {
        await submit(told)
        advance(10)
      }
      const due = { leaseMs: 1, limit: 9, perHost: 9, quotas: [], afterHost: '' }
      const [first, second] = (await store.takeWebhooks(due)).items
      if (first === undefined || second === undefined) throw new Error('nothing is due')
      expect((await store.stats()).oldestWebhookAt).toBe(began)
      await store.noteWebhook(first, { status: 200, reason: null, retryAfterMs: null }, { to: 'delivered' })
      await store.noteWebhook(second, { status: 400, reason: 'no', retryAfterMs: null }, { to: 'failed' })
      expect(await store.stats()).toMatchObject({
        webhooks: { pending: 1, delivered: 1, failed: 1 },
        oldestWebhookAt: began + 20,
      })
    })
  })

  describe('check and close', () => {
    it('answers until it is closed, and then refuses', async () => {
      const { store, submit } = await setup()
      await expect(store.check()).resolves.toBeUndefined()
      const last = submit()
      await store.close()
      await store.close()
      expect((await last).state).toBe('queued')
      await expect(store.get('job-1')).rejects.toMatchObject({ code: 'storage_unavailable' })
      await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' })
    })
  })
}
