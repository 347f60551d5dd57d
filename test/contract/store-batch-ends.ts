import { describe, expect, it } from 'vitest'
import { batchRequest, createBatchTools } from './store-batch-setup.js'
import type { StoreSetup } from './store-setup.js'
import { endWalk } from './store-walk.js'

/** Tests how batches are forgotten, and that verbs meet each job once. */
export const batchEndTests = (setup: () => Promise<StoreSetup>): void => {
  const begin = createBatchTools(setup)

  describe('removeBatch', () => {
    const settled = async (names: readonly string[]) => {
      const tools = await begin()
      await tools.extend(...names)
      await endWalk(tools.store, 'b-1')
      for (const _ of names) await tools.finish('completed')
      return tools
    }
    const typesOf = async ({ store }: Pick<StoreSetup, 'store'>, after: string) =>
      (await store.eventsAfter(after, {}, 100)).items.map(({ type, batchId, by }) => [type, batchId, by])

    it('forgets a settled batch and its jobs, in steps, and tells of each', async () => {
      const tools = await settled(['a', 'b', 'c'])
      const { store } = tools
      const ids = (await tools.jobs()).map(({ id }) => id)
      const before = await store.lastEventId()
      expect(await store.removeBatch('b-1', 2, 'remover')).toBe('more')
      // The batch can no longer be seen, though one of its jobs is left.
      expect(await store.getBatch('b-1')).toBeNull()
      expect((await store.listBatches({ limit: 9, cursor: null })).items).toEqual([])
      expect(await store.controlBatch('b-1', 'retry')).toEqual({ kind: 'not_found' })
      expect(await store.removeBatch('b-1', 2, 'remover')).toBe('more')
      expect(await store.removeBatch('b-1', 2, 'remover')).toBe('over')
      expect(await store.removeBatch('b-1', 2, 'remover')).toBe('not_found')
      for (const id of ids) expect(await store.get(id)).toBeNull()
      expect(await tools.jobs()).toEqual([])
      expect(await store.stats()).toMatchObject({ jobs: { completed: 0 } })
      const deleted = ['job.deleted', 'b-1', 'remover']
      expect(await typesOf(tools, before)).toEqual([['batch.deleted', 'b-1', 'remover'], deleted, deleted, deleted])
      const [first] = (await store.eventsAfter(before, {}, 1)).items
      expect(first).toMatchObject({ jobId: null, batch: { id: 'b-1', state: 'completed', totals: { jobs: 3 } } })
    })

    it('refuses a batch that is not settled, and knows no other', async () => {
      const { store, extend, jobs } = await begin()
      await extend('a')
      const before = await store.lastEventId()
      expect(await store.removeBatch('b-1', 9)).toBe('invalid_state')
      expect(await store.removeBatch('b-9', 9)).toBe('not_found')
      expect(await store.getBatch('b-1')).not.toBeNull()
      expect(await jobs()).toHaveLength(1)
      expect(await store.lastEventId()).toBe(before)
    })

    it('frees the idempotency key at once', async () => {
      const { store } = await setup()
      const key = { key: 'k', fingerprint: 'f' }
      await store.submitBatch(batchRequest('b-1'), [], key)
      await endWalk(store, 'b-1')
      await store.removeBatch('b-1', 9)
      expect(await store.findBatchByIdempotencyKey('k')).toBeNull()
      expect(await store.submitBatch(batchRequest('b-2'), [], { key: 'k', fingerprint: 'g' })).toMatchObject({
        kind: 'created',
      })
    })

    it('takes the notes of a walk and of jobs that were deleted before with it', async () => {
      const tools = await settled(['a', 'b'])
      const { store } = tools
      const [first] = await tools.jobs()
      await store.remove(first?.id ?? '')
      while ((await store.removeBatch('b-1', 1)) === 'more');
      expect((await store.deletedJobs('b-1', { limit: 9, cursor: null })).items).toEqual([])
    })
  })

  describe('a verb of a batch', () => {
    const paused = async (count: number) => {
      const tools = await begin()
      await tools.extend(...Array.from({ length: count }, (_, i) => `f${String(i).padStart(3, '0')}`))
      await endWalk(tools.store, 'b-1')
      return tools
    }

    it('does not take back what is asked of a job that it has met', async () => {
      const { store, jobs, batch, stepVerbs } = await paused(300)
      await store.controlBatch('b-1', 'pause')
      expect((await batch()).underway).toEqual(['pause'])
      const first = (await jobs()).at(-1)?.id ?? ''
      expect(await store.control(first, { verb: 'resume' })).toMatchObject({ kind: 'ok', job: { state: 'queued' } })
      while (!(await stepVerbs(40)));
      expect((await jobs()).filter(({ state }) => state === 'queued').map(({ id }) => id)).toEqual([first])
    })

    it('passes over a job for which something else was asked before its turn', async () => {
      const { store, jobs, stepVerbs } = await paused(300)
      const last = (await jobs())[0]?.id ?? ''
      await store.controlBatch('b-1', 'pause')
      expect(await store.get(last)).toMatchObject({ state: 'queued' })
      await store.control(last, { verb: 'resume' })
      while (!(await stepVerbs(40)));
      expect((await jobs()).filter(({ state }) => state === 'queued').map(({ id }) => id)).toEqual([last])
      await store.controlBatch('b-1', 'resume')
      const one = (await jobs()).find(({ state }) => state === 'paused')?.id ?? ''
      await store.control(one, { verb: 'pause' })
      while (!(await stepVerbs(40)));
      expect((await jobs()).filter(({ state }) => state === 'paused').map(({ id }) => id)).toEqual([one])
    })

    it('meets a job at work once, and leaves it alone when it is resumed while another is completing', async () => {
      const { store, claimOne, jobs, states, stepVerbs } = await paused(3)
      const { lease: completing } = await claimOne()
      await store.beginCompleting(completing)
      const { lease, job } = await claimOne()
      await store.controlBatch('b-1', 'pause')
      await store.release(lease, { to: 'paused' })
      await store.control(job.id, { verb: 'resume' })
      expect(await stepVerbs(40)).toBe(false)
      expect(await states()).toEqual(['completing', 'queued', 'paused'])
      // The job that is awaited comes back to the queue, and the verb meets it then.
      await store.release(completing, { to: 'queued', waiting: null, delayMs: null })
      expect(await stepVerbs(40)).toBe(true)
      expect(await states()).toEqual(['paused', 'queued', 'paused'])
      expect(await jobs()).toHaveLength(3)
    })

    it('gives up a completing job that somebody resumes meanwhile', async () => {
      const { store, claimOne, states, stepVerbs } = await paused(1)
      const { lease, job } = await claimOne()
      await store.beginCompleting(lease)
      await store.controlBatch('b-1', 'pause')
      expect(await stepVerbs(40)).toBe(false)
      await store.control(job.id, { verb: 'resume' })
      expect(await stepVerbs(40)).toBe(true)
      await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
      expect(await stepVerbs(40)).toBe(true)
      expect(await states()).toEqual(['queued'])
    })

    it('cancels every job all the same, whatever is asked of one meanwhile', async () => {
      const { store, jobs, stepVerbs } = await paused(300)
      const last = (await jobs())[0]?.id ?? ''
      await store.controlBatch('b-1', 'cancel')
      await store.control(last, { verb: 'resume' })
      while (!(await stepVerbs(40)));
      expect(new Set((await jobs()).map(({ state }) => state))).toEqual(new Set(['cancelling']))
    })
  })
}
