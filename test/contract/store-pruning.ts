import { describe, expect, it } from 'vitest'
import { batchRequest } from './store-batch-setup.js'
import { granted, jobError, jobRequest, multipart, receipt, type StoreSetup, threeParts } from './store-setup.js'
import { endWalk, extendBatch } from './store-walk.js'

const day = 86_400_000

/** Tests how the store forgets what finished long ago. */
export const pruningTests = (setup: () => Promise<StoreSetup>): void => {
  describe('prune', () => {
    const finish = async (
      { store, running }: Pick<StoreSetup, 'store' | 'running'>,
      to: 'completed' | 'failed' | 'cancelled',
    ): Promise<string> => {
      const { job, lease } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      if (to === 'cancelled') await store.control(job.id, { verb: 'cancel' })
      if (to === 'completed') granted(await store.finish(lease, { to, outcome: 'uploaded', receipt }))
      if (to === 'failed') granted(await store.finish(lease, { to, error: jobError, receipt: null }))
      if (to === 'cancelled') granted(await store.finish(lease, { to }))
      return job.id
    }

    it('forgets jobs that finished before, with their parts, and no other', async () => {
      const tools = await setup()
      const { store, advance, submit, claimOne } = tools
      const old = [await finish(tools, 'completed'), await finish(tools, 'failed'), await finish(tools, 'cancelled')]
      await submit()
      advance(day)
      const fresh = await finish({ store, running: claimOne }, 'completed')
      const paused = await submit()
      await store.control(paused.id, { verb: 'pause' })
      advance(1)
      expect(await store.prune({ olderThanMs: day, limit: 100 })).toMatchObject({ jobs: 3 })
      for (const id of old) {
        expect(await store.get(id)).toBeNull()
        expect(await store.parts(id, { limit: 9, cursor: null })).toEqual({ items: [], nextCursor: null })
      }
      expect(await store.get(fresh)).toMatchObject({ state: 'completed' })
      expect(await store.get(paused.id)).toMatchObject({ state: 'paused' })
      expect((await store.stats()).jobs).toMatchObject({ completed: 1, failed: 0, cancelled: 0, paused: 1 })
      expect(await store.prune({ olderThanMs: day, limit: 100 })).toEqual({ jobs: 0, events: 0, batches: 0 })
    })

    it('spares a job that finished at that very moment, and one that was retried since', async () => {
      const tools = await setup()
      const { store, failed, advance } = tools
      const retried = await failed()
      const id = await finish(tools, 'completed')
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toEqual({ jobs: 0, events: 0, batches: 0 })
      await store.control(retried.id, { verb: 'retry', fingerprint: retried.source.fingerprint })
      advance(1)
      await store.prune({ olderThanMs: 0, limit: 100 })
      expect(await store.get(id)).toBeNull()
      expect(await store.get(retried.id)).toMatchObject({ state: 'queued' })
    })

    it('forgets a batch after the last of its jobs, with what its walk noted, in small steps', async () => {
      const { store, claimOne, advance } = await setup()
      await store.submitBatch(batchRequest('b-1'), [], { key: 'k', fingerprint: 'f' })
      const problems = ['x', 'y', 'z'].map((name) => {
        return { path: `/srv/in/${name}`, code: 'source_unavailable', message: 'no', jobId: null } as const
      })
      await extendBatch(store, 'b-1', {
        jobs: [jobRequest('a', { batchId: 'b-1' })],
        problems,
        planned: [],
        listed: null,
      })
      await endWalk(store, 'b-1')
      const { lease } = await claimOne()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      await store.submitBatch(batchRequest('b-2'), [], null)
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toMatchObject({ jobs: 0, batches: 0 })
      advance(1)
      expect(await store.prune({ olderThanMs: 0, limit: 2 })).toMatchObject({ jobs: 1, batches: 2 })
      expect(await store.getBatch('b-1')).not.toBeNull()
      expect(await store.prune({ olderThanMs: 0, limit: 2 })).toMatchObject({ batches: 2 })
      expect(await store.getBatch('b-1')).toBeNull()
      expect(await store.findBatchByIdempotencyKey('k')).toBeNull()
      expect(await store.prune({ olderThanMs: 0, limit: 2 })).toMatchObject({ batches: 0 })
      expect(await store.getBatch('b-2')).not.toBeNull()
    })

    it('lets a batch that stays tell of its jobs that were pruned', async () => {
      const { store, claimOne, advance } = await setup()
      await store.submitBatch(batchRequest('b-1'), [], null)
      const jobs = [jobRequest('a', { batchId: 'b-1' })]
      await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
      const { lease } = await claimOne()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      advance(day)
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toMatchObject({ jobs: 1, batches: 0 })
      expect((await store.deletedJobs('b-1', { limit: 9, cursor: null })).items).toMatchObject([{ id: 'a' }])
      await endWalk(store, 'b-1')
      advance(1)
      // This is the batch, and its note of the job.
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toMatchObject({ jobs: 0, batches: 2 })
      expect(await store.getBatch('b-1')).toBeNull()
      expect((await store.deletedJobs('b-1', { limit: 9, cursor: null })).items).toEqual([])
    })

    it('goes on with a batch that was deleted and not yet gone', async () => {
      const { store, claimOne } = await setup()
      await store.submitBatch(batchRequest('b-1'), [], null)
      const jobs = ['a', 'b', 'c'].map((id) => {
        return jobRequest(id, { batchId: 'b-1', target: { ...jobRequest(id).target, key: id } })
      })
      await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
      await endWalk(store, 'b-1')
      for (const to of ['completed', 'failed', 'completed'] as const) {
        const { lease } = await claimOne()
        if (to === 'failed') granted(await store.finish(lease, { to, error: jobError, receipt: null }))
        else granted(await store.finish(lease, { to, outcome: 'uploaded', receipt }))
      }
      expect(await store.removeBatch('b-1', 1)).toBe('more')
      // One of them is retried before its turn comes.
      const failed = (await store.list({ states: ['failed'] }, { limit: 9, cursor: null })).items[0]
      if (failed === undefined) throw new Error('no job has failed')
      await store.control(failed.id, { verb: 'retry', fingerprint: failed.source.fingerprint })
      const left = async () => (await store.list({}, { limit: 9, cursor: null })).items.map(({ id }) => id)
      while ((await store.prune({ olderThanMs: day, limit: 10 })).batches > 0);
      expect(await left()).toEqual([failed.id])
      const { lease } = await claimOne()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect((await store.prune({ olderThanMs: day, limit: 10 })).batches).toBeGreaterThan(0)
      expect(await left()).toEqual([])
    })

    it('makes the idempotency key free again', async () => {
      const { store, claimOne, advance } = await setup()
      await store.submit(jobRequest('first'), { key: 'k', fingerprint: 'f' })
      const { lease } = await claimOne()
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      advance(1)
      await store.prune({ olderThanMs: 0, limit: 100 })
      expect(await store.findByIdempotencyKey('k')).toBeNull()
      expect(await store.submit(jobRequest('second'), { key: 'k', fingerprint: 'g' })).toMatchObject({
        kind: 'created',
      })
    })

    it('goes in small steps, the oldest first, and takes at least one job whole', async () => {
      const tools = await setup()
      const { store, advance } = tools
      const ids: string[] = []
      for (let i = 0; i < 4; i++) {
        ids.push(await finish(tools, 'completed'))
        advance(1)
      }
      const left = async () => (await store.list({}, { limit: 9, cursor: null })).items.map(({ id }) => id).reverse()
      // Each of them has a row and three parts.
      expect(await store.prune({ olderThanMs: 0, limit: 8 })).toEqual({ jobs: 2, events: 8, batches: 0 })
      expect(await left()).toEqual(ids.slice(2))
      expect(await store.prune({ olderThanMs: 0, limit: 1 })).toEqual({ jobs: 1, events: 1, batches: 0 })
      expect(await left()).toEqual(ids.slice(3))
    })

    it('keeps a failed job’s open upload known', async () => {
      const { store, running, advance } = await setup()
      const { job, lease } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'U1')
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      advance(1)
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toMatchObject({ jobs: 1 })
      expect(await store.traceUploads([{ ...job.target, uploadId: 'U1' }])).toEqual([
        { kind: 'abandoned', jobId: job.id },
      ])
    })

    it('cuts events off at the front, resets cursors behind the cut, and keeps those before it', async () => {
      const tools = await setup()
      const { store, submit, advance } = tools
      const first = await submit()
      await submit()
      const ids = (await store.eventsAfter(null, {}, 9)).items.map(({ id }) => id)
      advance(day)
      await store.control(first.id, { verb: 'pause' })
      expect(await store.prune({ olderThanMs: 0, limit: 1 })).toEqual({ jobs: 0, events: 1, batches: 0 })
      expect(await store.eventsAfter(ids[0] ?? '', {}, 9)).toMatchObject({ reset: false, items: [{ id: ids[1] }, {}] })
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toEqual({ jobs: 0, events: 1, batches: 0 })
      expect(await store.eventsAfter(ids[0] ?? '', {}, 9)).toMatchObject({ reset: true, items: [] })
      expect(await store.eventsAfter(ids[1] ?? '', {}, 9)).toMatchObject({
        reset: false,
        items: [{ type: 'job.paused', jobId: first.id }],
      })
      expect((await store.eventsAfter(null, {}, 9)).items).toHaveLength(1)
    })

    it('never gives the id of a pruned event again', async () => {
      const { store, submit, advance } = await setup()
      await submit()
      const last = await store.lastEventId()
      advance(1)
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toEqual({ jobs: 0, events: 1, batches: 0 })
      expect(await store.lastEventId()).toBe(last)
      expect(await store.eventsAfter(last, {}, 9)).toMatchObject({ reset: false, items: [], lastId: last })
      await submit()
      const [next] = (await store.eventsAfter(last, {}, 9)).items
      expect(next?.id).not.toBe(last)
    })
  })
}
