import { describe, expect, it } from 'vitest'
import type { JobFilter } from '../../src/core/job-filter.js'
import type { JobCounts } from '../../src/ports/job-store.js'
import { granted, jobError, receipt, type StoreSetup, startAt } from './store-setup.js'

const zero: JobCounts = { pending: 0, completed: 0, failed: 0, cancelled: 0 }

/** Tests the count of the jobs that match. */
export const countTests = (setup: () => Promise<StoreSetup>): void => {
  const count = async ({ store }: StoreSetup, filter: JobFilter) => {
    const { nextCursor, ...page } = await store.countJobs(filter, null)
    expect(nextCursor).toBeNull()
    return page
  }

  describe('countJobs', () => {
    it('counts every state as pending or as its end', async () => {
      const tools = await setup()
      const { store, submit, running, failed } = tools
      expect(await count(tools, {})).toEqual({ ...zero, newestPending: null })
      await failed()
      const { lease } = await running()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      const cancelled = await running()
      await store.control(cancelled.job.id, { verb: 'cancel' })
      granted(await store.finish(cancelled.lease, { to: 'cancelled' }))
      const completing = await running()
      granted(await store.beginCompleting(completing.lease))
      await running()
      const paused = await submit()
      await store.control(paused.id, { verb: 'pause' })
      const cancelling = await submit()
      await store.control(cancelling.id, { verb: 'cancel' })
      await submit({ dueAt: startAt + 1000 })
      await submit()
      const all = { pending: 6, completed: 1, failed: 1, cancelled: 1 }
      expect(await count(tools, {})).toMatchObject(all)
      expect(await count(tools, { since: startAt })).toMatchObject({ ...all, newestPending: 'job-9' })
    })

    it('counts what matches by labels, batch, source, ids and age', async () => {
      const tools = await setup()
      const { store, submit, advance, failed } = tools
      await submit({ labels: { run: '1' }, batchId: 'b1' })
      await failed({ labels: { run: '1' }, priority: 1 })
      advance(1000)
      await submit({ labels: { run: '1' } })
      await submit({ labels: { run: '2' }, batchId: 'b1' })
      const run1 = [{ key: 'run', value: '1' }]
      const cases: [JobFilter, JobCounts, string | null][] = [
        [{ labels: run1 }, { ...zero, pending: 2, failed: 1 }, 'job-3'],
        [{ batchId: 'b1' }, { ...zero, pending: 2 }, 'job-4'],
        [{ batchId: 'b1', labels: run1 }, { ...zero, pending: 1 }, 'job-1'],
        [{ since: startAt + 1 }, { ...zero, pending: 2 }, 'job-4'],
        [{ labels: run1, since: startAt + 1 }, { ...zero, pending: 1 }, 'job-3'],
        [{ ids: ['job-1', 'job-2', 'nobody'] }, { ...zero, pending: 1, failed: 1 }, 'job-1'],
        [{ ids: ['job-1', 'job-2'], batchId: 'b1' }, { ...zero, pending: 1 }, 'job-1'],
        [{ source: '/srv/in/job-2.bin' }, { ...zero, failed: 1 }, null],
        [{ source: '/srv/in/' }, { ...zero, pending: 3, failed: 1 }, 'job-4'],
        [{ source: '/srv/in' }, zero, null],
        [{ batchId: 'nobody' }, zero, null],
      ]
      for (const [filter, counts, newestPending] of cases) {
        expect(await count(tools, filter), JSON.stringify(filter)).toEqual({ ...counts, newestPending })
      }
      await store.remove('job-2')
      expect(await count(tools, { labels: run1 })).toMatchObject({ failed: 0 })
    })

    it('counts a job that fails, and one that is retried, as what it is now', async () => {
      const tools = await setup()
      const { store, running } = tools
      const { job, lease } = await running()
      granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
      expect(await count(tools, { ids: [job.id] })).toMatchObject({ pending: 0, failed: 1 })
      await store.control(job.id, { verb: 'retry', fingerprint: job.source.fingerprint })
      expect(await count(tools, { ids: [job.id] })).toMatchObject({ pending: 1, failed: 0 })
    })

    it('counts what is open since an instant: all that is not settled, and what settled from then on', async () => {
      const tools = await setup()
      const { store, running, failed, submit, advance, now } = tools
      await failed()
      advance(1000)
      const { job, lease } = await running()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      await submit({ labels: { run: '1' } })
      await submit()
      const settledAt = now()
      const cases: [JobFilter, JobCounts][] = [
        [{ openSince: settledAt }, { ...zero, pending: 2, completed: 1 }],
        [{ openSince: settledAt + 1 }, { ...zero, pending: 2 }],
        [{ openSince: startAt }, { ...zero, pending: 2, completed: 1, failed: 1 }],
        [
          { openSince: settledAt, labels: [{ key: 'run', value: '1' }] },
          { ...zero, pending: 1 },
        ],
        [
          { openSince: settledAt, ids: ['job-1', job.id] },
          { ...zero, completed: 1 },
        ],
      ]
      for (const [filter, counts] of cases) expect(await count(tools, filter)).toMatchObject(counts)
    })

    it('takes no cursor of another list', async () => {
      const { store, submit } = await setup()
      await submit()
      await submit()
      const { nextCursor } = await store.list({}, { limit: 1, cursor: null })
      for (const filter of [{ since: 0 }, { openSince: 0 }]) {
        await expect(store.countJobs(filter, nextCursor)).rejects.toMatchObject({ code: 'invalid_request' })
      }
    })
  })
}
