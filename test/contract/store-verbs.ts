import { describe, expect, it } from 'vitest'
import type { NewBulkVerb } from '../../src/core/bulk-verb.js'
import type { JobFilter } from '../../src/core/job-filter.js'
import { type Verb, verbs } from '../../src/core/verb.js'
import type { Lease } from '../../src/ports/lease.js'
import type { Store } from '../../src/ports/store.js'
import { fingerprint, granted, jobError, jobRequest, leaseMs, node, type StoreSetup } from './store-setup.js'

const labelled = (id: string, run: string) => ({
  ...jobRequest(id),
  target: { ...jobRequest(id).target, key: id },
  labels: { run },
})

const given = (verb: Verb, filter: JobFilter, by: string | null = null): NewBulkVerb => ({
  verb,
  filter,
  by,
  jobs: 0,
  batches: 0,
})

/** Takes steps until the verb is over. Returns the steps. */
const finish = async (store: Store, id: number, limit = 2): Promise<readonly string[]> => {
  const steps: string[] = []
  while (steps.at(-1) !== 'over') {
    if (steps.length > 100) throw new Error('it never ends')
    const sources = (await store.jobsOfVerb(id, limit)).map((job) => ({ jobId: job.id, fingerprint: fingerprint() }))
    steps.push(await store.stepVerb(id, limit, sources))
  }
  return steps
}

const claimOne = async (store: Store): Promise<Lease> => {
  const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
  if (claim === undefined) throw new Error('there is nothing to claim')
  return claim.lease
}

/** Returns the lease of a job whose Complete is under way. */
const completing = async (store: Store): Promise<Lease> => {
  const lease = await claimOne(store)
  await store.beginCompleting(lease)
  return lease
}

export const verbTests = (setup: () => Promise<StoreSetup>): void => {
  const ids = [0, 1, 2, 3, 4, 5, 6].map((n) => `job${n}`)
  const odd: JobFilter = { labels: [{ key: 'run', value: 'odd' }] }

  const filled = async () => {
    const made = await setup()
    const { store } = made
    for (const [n, id] of ids.entries()) await store.submit(labelled(id, n % 2 === 0 ? 'even' : 'odd'), null)
    const states = async () => (await Promise.all(ids.map((id) => store.get(id)))).map((job) => job?.state)
    const begin = async (...request: Parameters<typeof given>) => (await store.beginVerb(given(...request))).id
    /** Fails the next jobs that are ready. */
    const fail = async (count: number) => {
      for (let n = 0; n < count; n++) {
        granted(await store.finish(await claimOne(store), { to: 'failed', error: jobError, receipt: null }))
      }
    }
    return { ...made, states, begin, fail }
  }

  describe('a verb for many jobs', () => {
    it('pauses every job that was there, at work or not, in steps, and resumes it', async () => {
      const { store, states, begin } = await filled()
      await claimOne(store)
      const id = await begin('pause', {}, 'ops')
      expect((await store.get('job0'))?.desired).toBe('pause')
      await store.submit(labelled('later', 'even'), null)
      expect(await finish(store, id)).not.toContain('again')
      expect(await states()).toEqual(['running', ...Array(6).fill('paused')])
      expect((await store.get('later'))?.state).toBe('queued')
      expect(await store.unfinishedVerbs()).toEqual([])

      await finish(store, await begin('resume', {}, 'ops'))
      expect(await states()).toEqual(['running', ...Array(6).fill('queued')])
      expect((await store.get('job0'))?.desired).toBe('run')
    })

    it('cancels what is not done, failed or not, and what its Complete gives back', async () => {
      const { store, states, begin, fail } = await filled()
      await fail(1)
      const lease = await completing(store)
      const id = await begin('cancel', {})
      expect(await store.stepVerb(id, 10)).toBe('again')
      expect(await states()).toEqual(['cancelling', 'completing', ...Array(5).fill('cancelling')])
      await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
      expect(await finish(store, id)).toEqual(['over'])
      expect((await store.get('job1'))?.state).toBe('cancelling')
      expect(await store.getVerb(id)).toMatchObject({ changed: 7, refused: 0 })
    })

    it('retries what had failed when it was given, and counts what it could not', async () => {
      const { store, states, begin, fail, advance } = await filled()
      await fail(3)
      const rival = { ...labelled('rival', 'x'), target: { ...jobRequest('x').target, key: 'job1' } }
      await store.submit(rival, null)
      advance(1000)
      const id = await begin('retry', {}, 'ops')
      advance(1000)
      await fail(1)
      const sources = ['job0', 'job1', 'job2'].map((jobId) => ({
        jobId,
        fingerprint: jobId === 'job2' ? null : fingerprint(),
      }))
      expect(await store.stepVerb(id, 10)).toBe('more')
      expect((await states()).filter((state) => state === 'failed')).toHaveLength(4)
      expect(await store.stepVerb(id, 10, sources)).toBe('more')
      expect(await finish(store, id)).toEqual(['over'])
      expect((await states()).slice(0, 4)).toEqual(['queued', 'failed', 'failed', 'failed'])
      expect(await store.getVerb(id)).toMatchObject({ changed: 1, refused: 2, finishedAt: expect.any(Number) })
      const { items } = await store.eventsAfter(null, {}, 100)
      expect(items.at(-1)).toMatchObject({ type: 'job.queued', jobId: 'job0', by: 'ops' })
    })

    it('touches only what matches, and says whose wish it was', async () => {
      const { store, states, begin } = await filled()
      await finish(store, await begin('pause', odd, 'ops'))
      expect(await states()).toEqual(['queued', 'paused', 'queued', 'paused', 'queued', 'paused', 'queued'])
      const { items } = await store.eventsAfter(null, {}, 100)
      expect(items.filter(({ type }) => type === 'job.paused').map(({ by }) => by)).toEqual(['ops', 'ops', 'ops'])
    })

    it('goes by the state that a job has when it is met', async () => {
      const { store, states, begin } = await filled()
      const id = await begin('cancel', { states: ['paused'] })
      await store.control('job5', { verb: 'pause' })
      await finish(store, id)
      expect(await states()).toEqual([...Array(5).fill('queued'), 'cancelling', 'queued'])
    })

    it('tells each job once, so that what is asked of it afterwards stands', async () => {
      const { store, states, begin } = await filled()
      const lease = await claimOne(store)
      const id = await begin('pause', {})
      await store.stepVerb(id, 4)
      expect((await store.get('job2'))?.state).toBe('paused')
      await store.control('job2', { verb: 'resume' })
      await store.release(lease, { to: 'paused' })
      await finish(store, id)
      expect(await states()).toEqual(['paused', 'paused', 'queued', ...Array(4).fill('paused')])
    })

    it('passes over a job for which something else is asked before its turn, and over one that is not pausable then', async () => {
      const { store, states, begin, fail } = await filled()
      await fail(1)
      const id = await begin('pause', {})
      await store.control('job6', { verb: 'resume' })
      await store.control('job0', { verb: 'retry', fingerprint: fingerprint() })
      await finish(store, id)
      expect(await states()).toEqual(['queued', ...Array(5).fill('paused'), 'queued'])
    })

    it.each([
      ['resume', 'pause', 'queued'],
      ['pause', 'resume', 'paused'],
    ] as const)(
      'leaves the jobs alone that a later %s is for, whichever comes first',
      async (later, earlier, state) => {
        for (const first of ['earlier', 'later']) {
          const { store, states, begin } = await filled()
          if (earlier === 'resume') await finish(store, await begin('pause', {}))
          const one = await begin(earlier, {})
          const other = await begin(later, odd)
          for (const id of first === 'earlier' ? [one, other] : [other, one]) await finish(store, id)
          const even = earlier === 'pause' ? 'paused' : 'queued'
          expect(await states()).toEqual(ids.map((_, n) => (n % 2 === 0 ? even : state)))
        }
      },
    )

    it('leaves a job alone that a later verb retries, and no others', async () => {
      const { store, states, begin, fail } = await filled()
      await fail(2)
      const pause = await begin('pause', {})
      await finish(store, await begin('retry', {}))
      await finish(store, pause)
      expect(await states()).toEqual(['queued', 'queued', ...Array(5).fill('paused')])
    })

    it('does not retry what a later pause is for', async () => {
      const { store, states, begin, fail } = await filled()
      await fail(2)
      const retry = await begin('retry', {})
      await finish(store, await begin('pause', odd))
      await finish(store, retry)
      expect((await states()).slice(0, 2)).toEqual(['queued', 'failed'])
    })

    it('cancels whatever is asked of a job meanwhile', async () => {
      const { store, states, begin } = await filled()
      const cancel = await begin('cancel', {})
      await store.control('job6', { verb: 'pause' })
      await finish(store, await begin('resume', odd))
      await finish(store, cancel)
      expect(new Set(await states())).toEqual(new Set(['cancelling']))
    })

    it('awaits a job that is completing, and pauses it when it comes back to the queue', async () => {
      const { store, begin } = await filled()
      const complete = await completing(store)
      const id = await begin('pause', { bucket: 'bucket-a' })
      const steps = [await store.stepVerb(id, 10), await store.stepVerb(id, 10)]
      expect(steps).toEqual(['again', 'again'])
      await store.release(complete, { to: 'queued', waiting: null, delayMs: null })
      expect(await finish(store, id)).toEqual(['over'])
      expect((await store.get(complete.jobId))?.state).toBe('paused')
    })

    it('says what is left of it: jobs to meet, jobs to await, or a batch that is paused', async () => {
      const { store, begin } = await filled()
      const standings = async () => (await store.unfinishedVerbs()).map(({ standing }) => standing)
      const complete = await completing(store)
      const id = await begin('pause', {})
      expect(await standings()).toEqual(['going'])
      expect(await store.stepVerb(id, 4)).toBe('more')
      expect(await standings()).toEqual(['going'])
      while ((await store.stepVerb(id, 4)) === 'more') {}
      expect(await standings()).toEqual(['awaiting'])
      await store.release(complete, { to: 'queued', waiting: null, delayMs: null })
      expect(await store.stepVerb(id, 4)).toBe('over')
      expect(await standings()).toEqual([])
    })

    it('gives up what it awaits when a newer wish comes for it', async () => {
      const { store, begin } = await filled()
      const complete = await completing(store)
      const older = await begin('pause', { bucket: 'bucket-a' })
      expect(await store.stepVerb(older, 10)).toBe('again')
      await finish(store, await begin('resume', { labels: [{ key: 'run', value: null }] }))
      await store.release(complete, { to: 'queued', waiting: null, delayMs: null })
      expect(await finish(store, older)).toEqual(['over'])
      expect((await store.get(complete.jobId))?.state).toBe('queued')
    })

    it('keeps what is not over, and lets the last one of a filter win', async () => {
      const { store, begin } = await filled()
      const filter = { bucket: 'other' }
      const first = await begin('pause', filter)
      const some = await store.beginVerb(given('resume', filter))
      expect(await store.unfinishedVerbs()).toEqual([{ ...some, standing: 'going' }])
      expect(await store.getVerb(first)).toMatchObject({ isReplaced: true, finishedAt: expect.any(Number) })
      const all = await store.beginVerb(given('pause', {}))
      expect(await store.unfinishedVerbs()).toEqual([{ ...all, standing: 'going' }])
      expect(await store.stepVerb(some.id, 10)).toBe('over')
    })

    it('lists what was given, newest first, until it is pruned', async () => {
      const { store, begin, now, advance } = await filled()
      const made: number[] = []
      for (const verb of verbs) made.unshift(await begin(verb, { bucket: 'other' }, 'ops'))
      const first = await store.listVerbs({ limit: 3, cursor: null })
      const rest = await store.listVerbs({ limit: 3, cursor: first.nextCursor })
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(made)
      expect(rest).toMatchObject({ nextCursor: null, items: [{ verb: 'pause', by: 'ops', givenAt: now() }] })
      expect(await store.getVerb(made[0] ?? 0)).toEqual(first.items[0])
      for (const id of made) await finish(store, id)
      advance(1000)
      const open = await begin('pause', {})
      await store.prune({ olderThanMs: 0, limit: 100 })
      expect((await store.listVerbs({ limit: 9, cursor: null })).items.map(({ id }) => id)).toEqual([open])
      expect(await store.getVerb(made[0] ?? 0)).toBeNull()
      expect(await store.stepVerb(made[0] ?? 0, 9)).toBe('over')
    })
  })
}
