import { describe, expect, it } from 'vitest'
import { batchRequest, createBatchTools, everything } from './store-batch-setup.js'
import { granted, jobRequest, leaseMs, node, receipt, type StoreSetup } from './store-setup.js'
import { endWalk, extendBatch } from './store-walk.js'

/** Tests how batches are made and how they grow. */
export const batchTests = (setup: () => Promise<StoreSetup>): void => {
  const begin = createBatchTools(setup)

  describe('submitBatch', () => {
    it('answers the batch that the key made, and refuses the key with another body', async () => {
      const { store } = await setup()
      const key = { key: 'k', fingerprint: 'f' }
      expect(await store.submitBatch(batchRequest('b-1'), [], key)).toMatchObject({ kind: 'created' })
      expect(await store.submitBatch(batchRequest('b-2'), [], key)).toMatchObject({
        kind: 'replayed',
        batch: { id: 'b-1' },
      })
      expect(await store.submitBatch(batchRequest('b-3'), [], { key: 'k', fingerprint: 'g' })).toEqual({
        kind: 'mismatch',
      })
      expect(await store.findBatchByIdempotencyKey('k')).toMatchObject({ fingerprint: 'f', batch: { id: 'b-1' } })
      expect(await store.findBatchByIdempotencyKey('other')).toBeNull()
      expect(await store.getBatch('b-2')).toBeNull()
    })

    it('keeps everything it was given, and lists batches newest first', async () => {
      const { store, now } = await setup()
      for (const id of ['b-1', 'b-2', 'b-3']) await store.submitBatch(batchRequest(id), [], null)
      const { items, nextCursor } = await store.listBatches({ limit: 2, cursor: null })
      expect(items.map(({ id }) => id)).toEqual(['b-3', 'b-2'])
      const rest = await store.listBatches({ limit: 2, cursor: nextCursor })
      expect(rest.items).toEqual([expect.objectContaining({ ...batchRequest('b-1'), createdAt: now(), walk: 'going' })])
      expect(rest.nextCursor).toBeNull()
    })

    it('keeps the files of a list in their order until they are dealt with', async () => {
      const { store } = await setup()
      const files = Array.from({ length: 5 }, (_, i) => ({ path: `/srv/in/${9 - i}`, key: `dir/${9 - i}` }))
      await store.submitBatch(batchRequest('b-1', { source: { kind: 'files' } }), files, null)
      expect(await store.batchFiles('b-1', 0, 2)).toEqual(files.slice(0, 2))
      await extendBatch(store, 'b-1', { ...everything, listed: 2 })
      expect((await store.getBatch('b-1'))?.listed).toBe(2)
      expect(await store.batchFiles('b-1', 2, 9)).toEqual(files.slice(2))
    })
  })

  describe('extendBatch', () => {
    it('makes jobs that are counted by state, and hints that there is work', async () => {
      const { extend, batch, jobs, states, hints, eventTypes, state } = await begin()
      expect(await extend('a', 'b')).toBe('ok')
      expect(await states()).toEqual(['queued', 'queued'])
      expect(await batch()).toMatchObject({ seen: 2, problems: 0, counts: { queued: 2, bytesTotal: 600 } })
      expect(await state()).toBe('scanning')
      expect(hints).toContain('jobs')
      const [job] = await jobs()
      expect(await eventTypes(job?.id ?? '')).toEqual(['job.queued'])
    })

    it('passes over files that have their job already, settled or not', async () => {
      const { extend, finish, batch, jobs } = await begin()
      await extend('a', 'b')
      await finish('completed')
      await extend('a', 'b', 'c')
      expect(await jobs()).toHaveLength(3)
      expect((await batch()).seen).toBe(3)
    })

    it('notes a second file with the same key, and an object that another job is writing, as problems', async () => {
      const { store, submit, fileJob, batch } = await begin()
      const rival = await submit({ target: { ...jobRequest('x').target, key: 'dir/busy' } })
      const jobs = [
        fileJob('a'),
        fileJob('other', { target: { ...jobRequest('x').target, key: 'dir/a' } }),
        fileJob('busy'),
        fileJob('z'),
      ]
      await extendBatch(store, 'b-1', { ...everything, jobs })
      expect(await batch()).toMatchObject({ seen: 4, problems: 2, counts: { queued: 2 } })
      const { items } = await store.batchProblems('b-1', { limit: 9, cursor: null })
      expect(items).toMatchObject([
        { path: '/srv/in/other', code: 'key_taken', jobId: null },
        { path: '/srv/in/busy', code: 'target_busy', jobId: rival.id },
      ])
    })

    it('counts a problem that is met again once, and forgets it when its file has become a job', async () => {
      const { store, extend, batch } = await begin()
      const unreadable = {
        path: '/srv/in/a',
        code: 'source_unavailable',
        message: 'EACCES',
        jobId: null,
      } as const
      const problems = [unreadable, { ...unreadable, path: '/srv/in/b' }]
      await extendBatch(store, 'b-1', { ...everything, problems })
      await extendBatch(store, 'b-1', { ...everything, problems })
      expect(await batch()).toMatchObject({ seen: 2, problems: 2 })
      await extend('a')
      expect(await batch()).toMatchObject({ seen: 2, problems: 1 })
      const page = await store.batchProblems('b-1', { limit: 1, cursor: null })
      expect(page).toEqual({ items: [problems[1]], nextCursor: null })
    })

    it('keeps what a dry run found, without jobs', async () => {
      const { store, batch, jobs, state } = await begin({ dryRun: true })
      const planned = ['a', 'b', 'c'].map((name) => ({ path: `/srv/in/${name}`, key: `dir/${name}`, size: 7 }))
      await extendBatch(store, 'b-1', { ...everything, planned })
      await extendBatch(store, 'b-1', { ...everything, planned: planned.slice(1) })
      expect(await batch()).toMatchObject({ seen: 3, counts: { queued: 0, bytesTotal: 21 } })
      const first = await store.plannedFiles('b-1', { limit: 2, cursor: null })
      const rest = await store.plannedFiles('b-1', { limit: 2, cursor: first.nextCursor })
      expect([...first.items, ...rest.items]).toEqual(planned)
      expect(rest.nextCursor).toBeNull()
      await endWalk(store, 'b-1')
      expect(await state()).toBe('completed')
      expect(await jobs()).toEqual([])
    })

    it('makes nothing when the walk is over, paused, or of no batch', async () => {
      const { store, extend, jobs } = await begin()
      await store.controlBatch('b-1', 'pause')
      expect(await extend('a')).toBe('stopped')
      await store.controlBatch('b-1', 'resume')
      await endWalk(store, 'b-1')
      expect(await extend('a')).toBe('stopped')
      expect(await extendBatch(store, 'b-9', everything)).toBe('stopped')
      expect(await jobs()).toEqual([])
    })

    it('makes nothing while there is no room for all of it in the queue', async () => {
      const { store, extend, fileJob, finish, batch, jobs } = await begin()
      await extend('a', 'b')
      const more = { ...everything, jobs: [fileJob('c')], listed: 3 }
      expect(await extendBatch(store, 'b-1', more, 2)).toBe('full')
      expect(await batch()).toMatchObject({ seen: 2, listed: 0 })
      const problem = { path: '/srv/in/x', code: 'source_unavailable', message: 'no', jobId: null } as const
      expect(await extendBatch(store, 'b-1', { ...everything, problems: [problem] }, 2)).toBe('ok')
      await finish('completed')
      expect(await extendBatch(store, 'b-1', more, 2)).toBe('ok')
      expect((await jobs()).length).toBe(3)
    })
  })

  describe('a batch', () => {
    it('finishes with its last job, once its walk is done, and says so once', async () => {
      const { store, extend, finish, state, batch, completions, now, advance } = await begin()
      await extend('a', 'b')
      await finish('completed')
      await finish('skipped')
      expect(await state()).toBe('scanning')
      await extend('c')
      await endWalk(store, 'b-1')
      expect(await state()).toBe('running')
      expect(await completions()).toEqual([])
      advance(5)
      await finish('completed')
      expect(await state()).toBe('completed')
      expect(await batch()).toMatchObject({
        finishedAt: now(),
        counts: { completed: 3, skipped: 1, bytesTotal: 900, bytesUploaded: 900 },
      })
      expect(await completions()).toMatchObject([
        { jobId: null, batchId: 'b-1', batch: { id: 'b-1', state: 'completed', totals: { jobs: 3, completed: 3 } } },
      ])
    })

    it('finishes with its walk when there is nothing to send', async () => {
      const { store, state, completions } = await begin()
      await endWalk(store, 'b-1')
      await endWalk(store, 'b-1')
      expect(await state()).toBe('completed')
      expect(await completions()).toHaveLength(1)
    })

    it('has failed when a job or a file did', async () => {
      const { store, extend, finish, state } = await begin()
      await extend('a', 'b')
      await endWalk(store, 'b-1')
      await finish('failed')
      await finish('completed')
      expect(await state()).toBe('failed')
    })

    it('is open again when one of its jobs is retried, and finishes again', async () => {
      const { store, extend, finish, state, batch, completions } = await begin()
      await extend('a')
      await endWalk(store, 'b-1')
      const job = await finish('failed')
      await store.control(job.id, { verb: 'retry', fingerprint: job.source.fingerprint })
      expect(await state()).toBe('running')
      expect((await batch()).finishedAt).toBeNull()
      await finish('completed')
      expect(await state()).toBe('completed')
      expect(await completions()).toHaveLength(2)
    })

    it('remembers jobs that were deleted, in its totals and one by one', async () => {
      const { store, extend, finish, batch } = await begin()
      await extend('a', 'b', 'c')
      await endWalk(store, 'b-1')
      const gone = [await finish('completed'), await finish('failed')]
      for (const { id } of gone) await store.remove(id)
      expect((await batch()).counts).toMatchObject({ completed: 1, failed: 1, queued: 1 })
      const first = await store.deletedJobs('b-1', { limit: 1, cursor: null })
      const second = await store.deletedJobs('b-1', { limit: 1, cursor: first.nextCursor })
      expect(second.nextCursor).toBeNull()
      const found = [...first.items, ...second.items]
      expect(found.map(({ id, state }) => [id, state])).toEqual([
        [gone[0]?.id, 'completed'],
        [gone[1]?.id, 'failed'],
      ])
      expect(found[0]).toMatchObject({ receipt: { crc64: receipt.crc64 }, batchId: 'b-1' })
    })

    it('is among the unfinished ones as long as there is something to do for it', async () => {
      const { store, extend, finish } = await begin()
      const ids = async () => (await store.unfinishedBatches()).map(({ id }) => id)
      expect(await ids()).toEqual(['b-1'])
      await extend('a')
      await endWalk(store, 'b-1')
      expect(await ids()).toEqual([])
      await finish('failed')
      await store.controlBatch('b-1', 'retry')
      expect(await ids()).toEqual(['b-1'])
    })
  })

  describe('controlBatch', () => {
    it('pauses what is queued at once and what is running when its run ends', async () => {
      const { store, extend, claimOne, states, state, hints } = await begin()
      await extend('a', 'b', 'c')
      const { lease } = await claimOne()
      hints.length = 0
      expect(await store.controlBatch('b-1', 'pause')).toMatchObject({ kind: 'ok' })
      expect(await states()).toEqual(['running', 'paused', 'paused'])
      expect(hints).toEqual(expect.arrayContaining(['jobs', 'desires']))
      expect(await state()).toBe('scanning')
      await store.release(lease, { to: 'paused' })
      expect(await state()).toBe('paused')
      expect(await store.controlBatch('b-1', 'pause')).toMatchObject({ kind: 'ok' })
    })

    it('resumes what was paused and goes on with the walk', async () => {
      const { store, extend, states, state } = await begin()
      await extend('a')
      await store.controlBatch('b-1', 'pause')
      expect(await state()).toBe('paused')
      await store.controlBatch('b-1', 'resume')
      expect(await state()).toBe('scanning')
      expect(await states()).toEqual(['queued'])
      expect(await extend('b')).toBe('ok')
    })

    it('resumes jobs that were paused one by one, though the batch itself was not, and pauses those that were resumed', async () => {
      const { store, extend, states, jobs } = await begin()
      await extend('a', 'b')
      const [first] = await jobs()
      const one = first?.id ?? ''
      await store.control(one, { verb: 'pause' })
      await store.controlBatch('b-1', 'resume')
      expect(await states()).toEqual(['queued', 'queued'])
      await store.controlBatch('b-1', 'pause')
      await store.control(one, { verb: 'resume' })
      await store.controlBatch('b-1', 'pause')
      expect(await states()).toEqual(['paused', 'paused'])
    })

    it('does not let a job slip through that was completing when the pause came', async () => {
      const { store, extend, claimOne, states, state, stepVerbs } = await begin()
      await extend('a')
      await endWalk(store, 'b-1')
      const { lease } = await claimOne()
      await store.beginCompleting(lease)
      await store.controlBatch('b-1', 'pause')
      expect(await stepVerbs(100)).toBe(false)
      await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
      expect(await stepVerbs(100)).toBe(true)
      expect(await states()).toEqual(['paused'])
      expect(await state()).toBe('paused')
    })

    it('carries a verb on in steps', async () => {
      const { store, extend, states, batch, stepVerbs } = await begin()
      await extend(...Array.from({ length: 300 }, (_, i) => `f${i}`))
      await store.controlBatch('b-1', 'pause')
      expect((await states()).filter((one) => one === 'paused')).toHaveLength(256)
      expect((await batch()).underway).toEqual(['pause'])
      expect(await stepVerbs(40)).toBe(false)
      expect(await stepVerbs(40)).toBe(true)
      expect((await batch()).underway).toEqual([])
      expect(new Set(await states())).toEqual(new Set(['paused']))
    })

    it('cancels every job that is not done, failed ones too, and stops the walk', async () => {
      const { store, extend, finish, claimOne, states, state, batch } = await begin()
      await extend('a', 'b', 'c', 'd')
      await finish('failed')
      await finish('completed')
      const { lease } = await claimOne()
      await store.controlBatch('b-1', 'cancel')
      expect(await states()).toEqual(['cancelling', 'completed', 'cancelling', 'cancelling'])
      expect(await state()).toBe('cancelling')
      expect(await extend('e')).toBe('stopped')
      granted(await store.finish(lease, { to: 'cancelled' }))
      for (const claim of (await store.claim({ node, limit: 9, leaseMs })).claims) {
        granted(await store.finish(claim.lease, { to: 'cancelled' }))
      }
      expect(await state()).toBe('cancelled')
      expect((await batch()).walk).toBe('stopped')
      expect(await store.controlBatch('b-1', 'cancel')).toMatchObject({ kind: 'ok' })
      for (const verb of ['pause', 'resume', 'retry'] as const) {
        expect(await store.controlBatch('b-1', verb)).toMatchObject({ kind: 'invalid_state' })
      }
    })

    it('cancels a batch that has no jobs yet at once', async () => {
      const { store, state } = await begin()
      await store.controlBatch('b-1', 'cancel')
      expect(await state()).toBe('cancelled')
    })

    it('refuses every verb once the batch is completed, and knows no other batch', async () => {
      const { store, extend, finish } = await begin()
      await extend('a')
      await endWalk(store, 'b-1')
      await finish('completed')
      for (const verb of ['pause', 'resume', 'cancel', 'retry'] as const) {
        expect(await store.controlBatch('b-1', verb)).toMatchObject({ kind: 'invalid_state' })
        expect(await store.controlBatch('b-9', verb)).toEqual({ kind: 'not_found' })
      }
    })

    it('keeps a batch open from a retry until every failed job was looked at', async () => {
      const { store, extend, finish, state, batch, stepVerbs } = await begin()
      await extend('a')
      await endWalk(store, 'b-1')
      await finish('failed')
      await store.controlBatch('b-1', 'retry')
      expect(await state()).toBe('running')
      expect((await batch()).underway).toEqual(['retry'])
      expect(await stepVerbs(9)).toBe(false)
      expect(await state()).toBe('running')
      const [{ id = 0 } = {}] = await store.unfinishedVerbs()
      const [job] = await store.jobsOfVerb(id, 9)
      expect(await store.stepVerb(id, 9, [{ jobId: job?.id ?? '', fingerprint: null }])).toBe('over')
      expect(await state()).toBe('failed')
      expect(await store.getVerb(id)).toMatchObject({ changed: 0, refused: 1 })
    })

    it('says that a retry rests while its batch is paused', async () => {
      const { store, extend, finish } = await begin()
      await extend('a', 'b')
      await finish('failed')
      await store.controlBatch('b-1', 'retry')
      const standings = async () => (await store.unfinishedVerbs()).map(({ verb, standing }) => `${verb} ${standing}`)
      expect(await standings()).toEqual(['retry going'])
      await store.controlBatch('b-1', 'pause')
      expect(await standings()).toEqual(['retry resting'])
      await store.controlBatch('b-1', 'resume')
      expect(await standings()).toEqual(['retry going'])
    })
  })
}
