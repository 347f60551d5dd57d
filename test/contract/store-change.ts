import { describe, expect, it } from 'vitest'
import { granted, jobError, leaseMs, receipt, type StoreSetup } from './store-setup.js'

/** Tests what a user changes of a job, whatever the job is doing. */
export const changeTests = (setup: () => Promise<StoreSetup>): void => {
  describe('change', () => {
    it('changes what is given, keeps the rest, and counts the version up', async () => {
      const { store, submit, eventTypes } = await setup()
      const job = await submit({ labels: { run: '1' } })
      const first = await store.change(job.id, { priority: 7, parallel: 9 }, null)
      const changed = { ...job, priority: 7, options: { ...job.options, parallel: 9 }, version: 2 }
      expect(first).toEqual({ kind: 'ok', job: changed })
      const second = await store.change(job.id, { labels: { cam: '7' } }, null)
      expect(second).toEqual({ kind: 'ok', job: { ...changed, labels: { cam: '7' }, version: 3 } })
      expect(await store.get(job.id)).toEqual(second.kind === 'ok' && second.job)
      expect(await eventTypes(job.id)).toEqual(['job.queued', 'job.updated', 'job.updated'])
    })

    it('changes nothing and tells nobody when everything is so already', async () => {
      const { store, submit, eventTypes } = await setup()
      const job = await submit({ labels: { a: '1', b: '2' } })
      const changes = { labels: { b: '2', a: '1' }, priority: 0, parallel: job.options.parallel }
      expect(await store.change(job.id, changes, [1])).toEqual({ kind: 'ok', job })
      expect(await store.change(job.id, {}, null)).toEqual({ kind: 'ok', job })
      expect(await eventTypes(job.id)).toEqual(['job.queued'])
    })

    it('asks for one of the versions that it is given', async () => {
      const { store, submit } = await setup()
      const { id } = await submit()
      expect(await store.change(id, { priority: 1 }, [])).toEqual({ kind: 'precondition_failed', version: 1 })
      expect(await store.change(id, { priority: 1 }, [7, 1])).toMatchObject({ kind: 'ok' })
      expect(await store.change(id, { priority: 2 }, [1])).toEqual({ kind: 'precondition_failed', version: 2 })
      expect((await store.get(id))?.priority).toBe(1)
      expect(await store.change('nobody', {}, [1])).toEqual({ kind: 'not_found' })
    })

    it('reaches a job at work, hints at it and stays whatever its run writes', async () => {
      const { store, running, hints } = await setup()
      const { job, lease } = await running()
      hints.length = 0
      await store.change(job.id, { priority: -5, parallel: 1, labels: { now: 'yes' } }, null)
      expect(hints).toEqual(expect.arrayContaining(['desires', 'events']))
      const tuning = { priority: -5, parallel: 1, bandwidth: null, notAfter: null }
      expect(await store.heartbeat([lease], leaseMs)).toEqual([
        { ...lease, held: true, desired: 'run', tuning: { ...tuning } },
      ])
      granted(await store.beginCompleting(lease))
      const done = granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect(done).toMatchObject({ priority: -5, options: { parallel: 1 }, labels: { now: 'yes' }, version: 2 })
    })

    it('moves a deadline, tells a run of it, and takes what is overdue by it', async () => {
      const { store, running, submit, now, advance, eventTypes } = await setup()
      const { job, lease } = await running()
      const notAfter = now() + 1000
      const moved = await store.change(job.id, { notAfter }, null)
      expect(moved).toMatchObject({ kind: 'ok', job: { version: 2, options: { notAfter } } })
      expect(await store.change(job.id, { notAfter }, null)).toEqual(moved)
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ tuning: { notAfter } }])
      await store.change(job.id, { notAfter: null }, null)
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ tuning: { notAfter: null } }])
      expect((await eventTypes(job.id)).slice(-2)).toEqual(['job.updated', 'job.updated'])

      const waits = await submit({ dueAt: now() + 10_000 })
      const overdue = async () => (await store.claim({ node: 'n', limit: 9, leaseMs, pairLimit: 0 })).claims
      await store.change(waits.id, { notAfter: now() + 1000 }, null)
      expect(await overdue()).toEqual([])
      advance(1000)
      expect((await overdue()).map((claim) => claim.job.id)).toEqual([waits.id])
    })

    it('fails no job by a deadline that was moved away in the last moment', async () => {
      const { store, running, now } = await setup()
      const { job, lease } = await running()
      const end = { to: 'failed', error: { ...jobError, code: 'deadline' }, receipt: null } as const
      for (const notAfter of [now() + 1, null]) {
        await store.change(job.id, { notAfter }, null)
        expect(await store.finish(lease, end)).toBe('unwanted')
      }
      await store.change(job.id, { notAfter: now() }, null)
      expect(granted(await store.finish(lease, end))).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
      expect(await store.change(job.id, { notAfter: null }, null)).toMatchObject({ kind: 'ok' })
    })

    it('changes the order of what is waiting', async () => {
      const { store, submit, claimOne } = await setup()
      await submit()
      await submit()
      await store.change('job-2', { priority: 1 }, null)
      expect((await claimOne()).job.id).toBe('job-2')
    })

    it('leaves of a job that is over only the labels to change', async () => {
      const { store, running, failed } = await setup()
      const { job, lease } = await running()
      granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect(await store.change(job.id, { priority: 1 }, null)).toEqual({ kind: 'invalid_state', state: 'completed' })
      expect(await store.change(job.id, { labels: { kept: '1' } }, null)).toMatchObject({ kind: 'ok' })
      const { id } = await failed()
      expect(await store.change(id, { priority: 1 }, null)).toMatchObject({ kind: 'ok', job: { state: 'failed' } })
    })

    it('says of the tuning of a job that is gone that there is none', async () => {
      const { store, failed } = await setup()
      const { id } = await failed()
      await store.remove(id)
      expect(await store.heartbeat([{ jobId: id, epoch: 1 }], leaseMs)).toMatchObject([{ held: false, tuning: null }])
    })
  })
}
