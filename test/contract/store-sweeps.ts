import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/ports/lease.js'
import type { Store } from '../../src/ports/store.js'
import { jobRequest, type StoreSetup } from './store-setup.js'

const labelled = (id: string, run: string) => ({
  ...jobRequest(id),
  target: { ...jobRequest(id).target, key: id },
  labels: { run },
})

/** Steps until it is over. Answers the steps. */
const finish = async (store: Store, id: number, limit = 2): Promise<readonly string[]> => {
  const steps: string[] = []
  while (steps.at(-1) !== 'over') {
    if (steps.length > 100) throw new Error('it never ends')
    steps.push(await store.stepSweep(id, limit))
  }
  return steps
}

/** The lease of a job whose Complete is under way. */
const completing = async (store: Store): Promise<Lease> => {
  const { claims } = await store.claim({ node: 'n', limit: 1, leaseMs: 60_000 })
  const [claim] = claims
  if (claim === undefined) throw new Error('there is nothing to claim')
  await store.beginCompleting(claim.lease)
  return claim.lease
}

export const sweepTests = (setup: () => Promise<StoreSetup>): void => {
  const filled = async () => {
    const made = await setup()
    const { store } = made
    for (let n = 0; n < 7; n++) await store.submit(labelled(`job${n}`, n % 2 === 0 ? 'even' : 'odd'), null)
    const states = async () =>
      (await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => store.get(`job${n}`)))).map((job) => job?.state)
    return { ...made, states }
  }

  describe('sweeps', () => {
    it('pauses every job that was there, at work or not, in steps, and resumes it', async () => {
      const { store, states } = await filled()
      await store.claim({ node: 'n', limit: 1, leaseMs: 60_000 })
      const { id } = await store.beginSweep('pause', {}, 'ops')
      await store.submit(labelled('later', 'even'), null)
      expect(await finish(store, id)).not.toContain('again')
      expect(await states()).toEqual(['running', ...Array(6).fill('paused')])
      expect((await store.get('job0'))?.desired).toBe('pause')
      expect((await store.get('later'))?.state).toBe('queued')
      expect(await store.unfinishedSweeps()).toEqual([])

      const resumed = await store.beginSweep('resume', {}, 'ops')
      await finish(store, resumed.id)
      expect(await states()).toEqual(['running', ...Array(6).fill('queued')])
      expect((await store.get('job0'))?.desired).toBe('run')
    })

    it('touches only what matches, and says whose wish it was', async () => {
      const { store, states } = await filled()
      const { id } = await store.beginSweep('pause', { labels: [{ key: 'run', value: 'odd' }] }, 'ops')
      await finish(store, id)
      expect(await states()).toEqual(['queued', 'paused', 'queued', 'paused', 'queued', 'paused', 'queued'])
      const { items } = await store.eventsAfter(null, {}, 100)
      expect(items.filter(({ type }) => type === 'job.paused').map(({ by }) => by)).toEqual(['ops', 'ops', 'ops'])
    })

    it('tells each job once, so that what is asked of it afterwards stands', async () => {
      const { store, states } = await filled()
      const { claims } = await store.claim({ node: 'n', limit: 1, leaseMs: 60_000 })
      const { id } = await store.beginSweep('pause', {}, null)
      await store.stepSweep(id, 4)
      expect((await store.get('job2'))?.state).toBe('paused')
      await store.control('job2', { verb: 'resume' })
      for (const { lease } of claims) await store.release(lease, { to: 'paused' })
      await finish(store, id)
      expect(await states()).toEqual(['paused', 'paused', 'queued', ...Array(4).fill('paused')])
    })

    it('awaits a job that is completing, and pauses it when it comes back to the queue', async () => {
      const { store } = await filled()
      const complete = await completing(store)
      const { id } = await store.beginSweep('pause', { bucket: 'bucket-a' }, null)
      const steps = [await store.stepSweep(id, 10), await store.stepSweep(id, 10)]
      expect(steps).toEqual(['again', 'again'])
      await store.release(complete, { to: 'queued', waiting: null, delayMs: null })
      expect(await finish(store, id)).toEqual(['over'])
      expect((await store.get(complete.jobId))?.state).toBe('paused')
    })

    it('gives up what it awaits when a newer wish comes for it', async () => {
      const { store } = await filled()
      const complete = await completing(store)
      const older = await store.beginSweep('pause', { bucket: 'bucket-a' }, null)
      expect(await store.stepSweep(older.id, 10)).toBe('again')
      const newer = await store.beginSweep('resume', { labels: [{ key: 'run', value: null }] }, null)
      await finish(store, newer.id)
      await store.release(complete, { to: 'queued', waiting: null, delayMs: null })
      expect(await finish(store, older.id)).toEqual(['over'])
      expect((await store.get(complete.jobId))?.state).toBe('queued')
    })

    it('keeps what is not over, and lets the last one of a filter win', async () => {
      const { store } = await filled()
      const filter = { bucket: 'other' }
      await store.beginSweep('pause', filter, null)
      const some = await store.beginSweep('resume', filter, null)
      expect(await store.unfinishedSweeps()).toEqual([some])
      const all = await store.beginSweep('pause', {}, null)
      expect(await store.unfinishedSweeps()).toEqual([all])
      expect(await store.stepSweep(some.id, 10)).toBe('over')
    })
  })
}
