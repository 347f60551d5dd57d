import { describe, expect, it } from 'vitest'
import type { Job, JobState } from '../../src/core/job.js'
import type { ControlRequest } from '../../src/core/verb-law.js'
import {
  fingerprint,
  granted,
  jobError,
  jobRequest,
  leaseMs,
  multipart,
  node,
  receipt,
  type StoreSetup,
  sent,
  threeParts,
} from './store-setup.js'

/** Brings a job into `state` through the port alone. */
const jobIn = async ({ store, submit, running, failed }: StoreSetup, state: JobState): Promise<Job> => {
  const current = async (id: string) => {
    const job = await store.get(id)
    if (job?.state !== state) throw new Error(`the job is ${job?.state}, not ${state}`)
    return job
  }
  if (state === 'queued') return submit()
  if (state === 'failed') return failed()
  if (state === 'paused' || state === 'cancelling') {
    const job = await submit()
    await store.control(job.id, { verb: state === 'paused' ? 'pause' : 'cancel' })
    return current(job.id)
  }
  const { job, lease } = await running()
  if (state === 'completing') await store.beginCompleting(lease)
  if (state === 'completed') await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt })
  if (state === 'cancelled') {
    await store.control(job.id, { verb: 'cancel' })
    await store.finish(lease, { to: 'cancelled' })
  }
  return current(job.id)
}

const retry: ControlRequest = { verb: 'retry', fingerprint: fingerprint() }

/** These are the contract's "Verbs": the state after the verb, or null where the verb is refused. */
const verbs: readonly [ControlRequest, Readonly<Record<JobState, JobState | null>>][] = [
  [
    { verb: 'pause' },
    {
      queued: 'paused',
      running: 'running',
      completing: null,
      paused: 'paused',
      failed: null,
      cancelling: null,
      completed: null,
      cancelled: null,
    },
  ],
  [
    { verb: 'resume' },
    {
      queued: 'queued',
      running: 'running',
      completing: 'completing',
      paused: 'queued',
      failed: null,
      cancelling: null,
      completed: null,
      cancelled: null,
    },
  ],
  [
    { verb: 'cancel' },
    {
      queued: 'cancelling',
      running: 'cancelling',
      completing: null,
      paused: 'cancelling',
      failed: 'cancelling',
      cancelling: 'cancelling',
      completed: null,
      cancelled: 'cancelled',
    },
  ],
  [
    retry,
    {
      queued: 'queued',
      running: 'running',
      completing: 'completing',
      paused: null,
      failed: 'queued',
      cancelling: null,
      completed: null,
      cancelled: null,
    },
  ],
]

/** Tests pause, resume, cancel, retry and remove. */
export const controlTests = (setup: () => Promise<StoreSetup>): void => {
  describe('control', () => {
    for (const [request, outcomes] of verbs) {
      it(`answers ${request.verb} in every state as the contract says, and the same the second time`, async () => {
        const tools = await setup()
        for (const [from, to] of Object.entries(outcomes) as [JobState, JobState | null][]) {
          const before = await jobIn(tools, from)
          const answer = await tools.store.control(before.id, request)
          const after = await tools.store.get(before.id)
          if (to === null) {
            expect(answer, from).toEqual({ kind: 'invalid_state', state: from })
            expect(after, from).toEqual(before)
          } else {
            expect(answer, from).toEqual({ kind: 'ok', job: after })
            expect(after?.state, from).toBe(to)
          }
          const events = await tools.eventTypes(before.id)
          const repeated = await tools.store.control(before.id, request)
          if (to !== null) expect(repeated, from).toEqual({ kind: 'ok', job: after })
          expect(await tools.store.get(before.id), from).toEqual(after)
          expect(await tools.eventTypes(before.id), from).toEqual(events)
          // This claim takes other jobs out of the way, so that the next state's job is the only one to claim.
          await tools.store.claim({ node, limit: 9, leaseMs })
        }
      })
    }

    it('knows no job that is not there', async () => {
      const { store } = await setup()
      expect(await store.control('none', { verb: 'pause' })).toEqual({ kind: 'not_found' })
    })

    it('hints at new desires, new work and new events', async () => {
      const { store, running, hints } = await setup()
      const { job } = await running()
      hints.length = 0
      await store.control(job.id, { verb: 'cancel' })
      expect(new Set(hints)).toEqual(new Set(['desires', 'jobs', 'events']))
    })
  })

  describe('pause and resume', () => {
    it('pauses a running job only when its run lets go of it', async () => {
      const { store, running, eventTypes } = await setup()
      const { job, lease } = await running()
      await store.control(job.id, { verb: 'pause' })
      expect(await store.get(job.id)).toMatchObject({ state: 'running', desired: 'pause' })
      expect(await store.beginCompleting(lease)).toBe('unwanted')
      expect(granted(await store.release(lease, { to: 'paused' }))).toMatchObject({ state: 'paused', desired: 'pause' })
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.updated', 'job.paused'])
    })

    it('queues the job again when the user resumed before the run let go', async () => {
      const { store, running, eventTypes } = await setup()
      const { job, lease } = await running()
      await store.control(job.id, { verb: 'pause' })
      await store.control(job.id, { verb: 'resume' })
      expect(granted(await store.release(lease, { to: 'paused' }))).toMatchObject({ state: 'queued', desired: 'run' })
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.updated', 'job.updated', 'job.queued'])
    })

    it('grants an accepted pause also when the run asks for a backoff', async () => {
      const { store, running } = await setup()
      const { job, lease } = await running()
      await store.control(job.id, { verb: 'pause' })
      const released = await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 1000 })
      expect(granted(released)).toMatchObject({ state: 'paused', waiting: null, dueAt: null })
    })

    it('clears a wait, and takes up a later start again while it lies ahead', async () => {
      const { store, submit, eventTypes, now, advance } = await setup()
      const dueAt = now() + 1000
      const job = await submit({ dueAt })
      const resumed = async () => {
        await store.control(job.id, { verb: 'pause' })
        expect(await store.get(job.id)).toMatchObject({ state: 'paused', waiting: null, dueAt: null })
        await store.control(job.id, { verb: 'resume' })
        return store.get(job.id)
      }
      expect(await resumed()).toMatchObject({ state: 'queued', waiting: 'notBefore', dueAt })
      advance(1000)
      expect(await resumed()).toMatchObject({ state: 'queued', waiting: null, dueAt: null })
      expect(await eventTypes(job.id)).toEqual(['job.waiting', 'job.paused', 'job.waiting', 'job.paused', 'job.queued'])
    })
  })

  describe('cancel', () => {
    it('cannot be overtaken by the run that it meets', async () => {
      const { store, running } = await setup()
      const { job, lease } = await running()
      await store.control(job.id, { verb: 'cancel' })
      expect(await store.get(job.id)).toMatchObject({ state: 'cancelling', desired: 'cancel', finishedAt: null })
      expect(await store.beginCompleting(lease)).toBe('unwanted')
      expect(await store.finish(lease, { to: 'failed', error: jobError, receipt: null })).toBe('unwanted')
      const cancelled = granted(await store.finish(lease, { to: 'cancelled' }))
      expect(cancelled).toMatchObject({ state: 'cancelled', desired: 'cancel', intent: null })
      expect(cancelled.finishedAt).not.toBeNull()
    })

    it('yields to a Complete that had already won', async () => {
      const { store, running, eventTypes } = await setup()
      const { job, lease } = await running()
      await store.control(job.id, { verb: 'cancel' })
      const done = granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect(done).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt })
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.cancelling', 'job.completed'])
    })

    it('is not what a run may end with by itself', async () => {
      const { store, running } = await setup()
      const { lease } = await running()
      expect(await store.finish(lease, { to: 'cancelled' })).toBe('unwanted')
    })

    it('of a failed job keeps what is known of its end, also while another job writes the object', async () => {
      const { store, failed, submit } = await setup()
      const job = await failed()
      await submit({ target: job.target })
      await store.control(job.id, { verb: 'cancel' })
      expect(await store.get(job.id)).toMatchObject({ state: 'cancelling', error: jobError, finishedAt: null })
    })
  })

  describe('retry', () => {
    const failedUpload = async ({ store, running }: StoreSetup, uploadId: string | null): Promise<Job> => {
      const { lease } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      if (uploadId !== null) {
        await store.setUploadId(lease, uploadId)
        await store.commitParts(lease, [sent(1)])
      }
      await store.chargeAttempts(lease, 4)
      return granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
    }
    const changed = fingerprint({ size: 40, mtimeNs: '1' })

    it('clears the failure and keeps the upload of an unchanged source', async () => {
      const tools = await setup()
      const job = await failedUpload(tools, 'u1')
      const touched = fingerprint({ ctimeNs: '99', dev: '7' })
      await tools.store.control(job.id, { verb: 'retry', fingerprint: touched })
      expect(await tools.store.get(job.id)).toEqual({
        ...job,
        state: 'queued',
        attempts: 0,
        restarts: 0,
        error: null,
        finishedAt: null,
      })
      expect((await tools.store.parts(job.id, { limit: 9, cursor: null })).items.map((part) => part.state)).toEqual([
        'uploaded',
        'pending',
        'pending',
      ])
      expect((await tools.eventTypes(job.id)).at(-1)).toBe('job.queued')
    })

    it('plans a changed source anew and intends to abort the upload that OSS knows', async () => {
      const tools = await setup()
      const job = await failedUpload(tools, 'u1')
      await tools.store.control(job.id, { verb: 'retry', fingerprint: changed })
      expect(await tools.store.get(job.id)).toMatchObject({
        state: 'queued',
        intent: 'abort',
        upload: { uploadId: 'u1' },
        source: { fingerprint: changed },
        bytesUploaded: 0,
        partsUploaded: 0,
      })
      const { items } = await tools.store.parts(job.id, { limit: 9, cursor: null })
      expect(items).toMatchObject([1, 2, 3].map((partNumber) => ({ partNumber, state: 'pending', etag: null })))
    })

    it('forgets an upload of a changed source that OSS never named', async () => {
      const tools = await setup()
      const job = await failedUpload(tools, null)
      await tools.store.control(job.id, { verb: 'retry', fingerprint: changed })
      expect(await tools.store.get(job.id)).toMatchObject({
        upload: null,
        intent: null,
        source: { fingerprint: changed },
      })
      expect((await tools.store.parts(job.id, { limit: 9, cursor: null })).items).toEqual([])
    })

    it('takes another inode, size or time for another source', async () => {
      const tools = await setup()
      for (const other of [{ ino: '2' }, { size: 299 }, { mtimeNs: '1767225600123456788' }]) {
        const job = await failedUpload(tools, 'u1')
        await tools.store.control(job.id, { verb: 'retry', fingerprint: fingerprint(other) })
        expect(await tools.store.get(job.id), JSON.stringify(other)).toMatchObject({ intent: 'abort' })
        await tools.store.claim({ node, limit: 9, leaseMs })
      }
    })

    it('is refused while another unsettled job writes the object', async () => {
      const { store, failed, submit } = await setup()
      const job = await failed()
      const rival = await submit({ target: job.target })
      expect(await store.control(job.id, retry)).toEqual({ kind: 'target_busy', jobId: rival.id })
      expect(await store.get(job.id)).toEqual(job)
    })
  })

  describe('the name of a token', () => {
    it('stands in the event of its request, and in no other', async () => {
      const { store, claimOne } = await setup()
      const job = jobRequest('a')
      await store.submit(job, null, 'ann')
      await store.control('a', { verb: 'pause' }, 'bob')
      await store.control('a', { verb: 'pause' }, 'nobody, for nothing happens')
      await store.control('a', { verb: 'resume' }, null)
      const { lease } = await claimOne()
      await store.control('a', { verb: 'cancel' }, 'cat')
      await store.finish(lease, { to: 'cancelled' })
      await store.remove('a', 'dan')
      const { items } = await store.eventsAfter(null, { jobId: 'a' }, 100)
      expect(items.map(({ type, by }) => [type, by])).toEqual([
        ['job.queued', 'ann'],
        ['job.paused', 'bob'],
        ['job.queued', undefined],
        ['job.running', undefined],
        ['job.cancelling', 'cat'],
        ['job.cancelled', undefined],
        ['job.deleted', 'dan'],
      ])
    })
  })

  describe('remove', () => {
    it('takes a settled job away with its parts and its idempotency key, and leaves its events', async () => {
      const tools = await setup()
      const { store, eventTypes } = tools
      const job = await jobIn(tools, 'completed')
      expect(await store.remove(job.id)).toBe('ok')
      expect(await store.get(job.id)).toBeNull()
      expect((await store.parts(job.id, { limit: 9, cursor: null })).items).toEqual([])
      expect(await eventTypes(job.id)).toEqual(['job.queued', 'job.running', 'job.completed', 'job.deleted'])
      expect(await store.remove(job.id)).toBe('not_found')
    })

    it('leaves unsettled jobs alone', async () => {
      const tools = await setup()
      for (const state of ['queued', 'running', 'completing', 'paused', 'cancelling'] as const) {
        const job = await jobIn(tools, state)
        expect(await tools.store.remove(job.id), state).toBe('invalid_state')
        expect(await tools.store.get(job.id), state).toEqual(job)
        await tools.store.claim({ node, limit: 9, leaseMs })
      }
    })

    it('frees the idempotency key', async () => {
      const { store, claimOne } = await setup()
      const key = { key: 'k', fingerprint: 'f' }
      await store.submit(jobRequest('a'), key)
      const { lease } = await claimOne()
      await store.finish(lease, { to: 'completed', outcome: 'skipped', receipt: null })
      await store.remove('a')
      expect(await store.findByIdempotencyKey('k')).toBeNull()
    })
  })
}
