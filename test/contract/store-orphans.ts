import { describe, expect, it } from 'vitest'
import type { Lease } from '../../src/ports/lease.js'
import {
  fingerprint,
  granted,
  jobError,
  leaseMs,
  multipart,
  node,
  put,
  receipt,
  type StoreSetup,
  sent,
  threeParts,
} from './store-setup.js'

const ref = (name: string, uploadId: string) => ({ bucket: 'bucket-a', key: `dir/${name}.bin`, uploadId })
const page = { limit: 100, cursor: null }

/** Tests what is left of uploads in OSS: whose they are, and how a job gives one up. */
export const orphanTests = (setup: () => Promise<StoreSetup>): void => {
  /** Makes `job-1`, which is running while its Initiate is on its way. */
  const initiating = async () => {
    const tools = await setup()
    const { lease, job } = await tools.running()
    await tools.store.beginUpload(lease, multipart, threeParts)
    const trace = async (uploadId: string, name = 'job-1') => (await tools.store.traceUploads([ref(name, uploadId)]))[0]
    return { ...tools, lease, job, trace }
  }

  /** Makes `job-1`, which has failed with the upload `u1` and one part of it. */
  const failedWithUpload = async () => {
    const tools = await initiating()
    await tools.store.setUploadId(tools.lease, 'u1')
    await tools.store.commitParts(tools.lease, [sent(1)])
    const job = granted(await tools.store.finish(tools.lease, { to: 'failed', error: jobError, receipt: null }))
    return { ...tools, job }
  }

  describe('buckets', () => {
    it('are those of all jobs, once each, by name, the removed ones too', async () => {
      const { store, submit, failed } = await setup()
      expect(await store.buckets()).toEqual([])
      const target = { bucket: 'bucket-b', key: 'k', endpoint: 'https://oss.example', region: 'cn-hangzhou' }
      const { id } = await failed({ target })
      await submit()
      await submit()
      await store.remove(id)
      expect(await store.buckets()).toEqual(['bucket-a', 'bucket-b'])
    })
  })

  describe('traceUploads', () => {
    it('knows the upload of a job in whatever state, and takes no other object for it', async () => {
      const { store, lease, job, trace } = await initiating()
      await store.setUploadId(lease, 'u1')
      expect(await trace('u1')).toEqual({ kind: 'job', jobId: job.id, state: 'running' })
      expect(await trace('u1', 'other')).toEqual({ kind: 'unknown', initiates: [] })
      await store.commitParts(lease, [sent(1), sent(2), sent(3)])
      await store.beginCompleting(lease)
      await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt })
      expect(await trace('u1')).toEqual({ kind: 'job', jobId: job.id, state: 'completed' })
    })

    it('answers in the order of its question', async () => {
      const { store, lease, job } = await initiating()
      await store.setUploadId(lease, 'u1')
      const traces = await store.traceUploads([ref('x', 'u9'), ref('job-1', 'u1'), ref('job-1', 'u2')])
      expect(traces).toEqual([
        { kind: 'unknown', initiates: [] },
        { kind: 'job', jobId: job.id, state: 'running' },
        { kind: 'unknown', initiates: [] },
      ])
      expect(await store.traceUploads([])).toEqual([])
    })

    it('suspects an Initiate while it is on its way, and no more once its only answer is committed', async () => {
      const { store, lease, job, trace, now } = await initiating()
      const began = { jobId: job.id, beganAt: now(), endedAt: null }
      expect(await trace('u7')).toEqual({ kind: 'unknown', initiates: [began] })
      expect(await trace('u7', 'other')).toEqual({ kind: 'unknown', initiates: [] })
      await store.setUploadId(lease, 'u1')
      expect(await trace('u7')).toEqual({ kind: 'unknown', initiates: [] })
    })

    it('keeps suspecting one that may have gone unanswered, until the next one was answered', async () => {
      const { store, lease, job, trace, now, advance } = await initiating()
      const beganAt = now()
      advance(1000)
      expect(await store.noteUnansweredInitiate(lease)).toBe('ok')
      advance(1000)
      await store.setUploadId(lease, 'u1')
      expect(await trace('u7')).toEqual({
        kind: 'unknown',
        initiates: [{ jobId: job.id, beganAt, endedAt: beganAt + 2000 }],
      })
      expect(await store.noteUnansweredInitiate({ ...lease, epoch: lease.epoch + 1 })).toBe('fenced')
    })

    it('suspects an Initiate no more that made nothing, and again when it is sent once more', async () => {
      const { store, lease, job, trace, now, advance } = await initiating()
      const began = now()
      advance(1000)
      await store.setIntent(lease, null)
      expect(await trace('u7')).toEqual({ kind: 'unknown', initiates: [] })
      advance(1000)
      await store.setIntent(lease, 'initiate')
      expect(await trace('u7')).toMatchObject({ initiates: [{ beganAt: began + 2000, endedAt: null }] })
      await store.noteUnansweredInitiate(lease)
      advance(1000)
      await store.setIntent(lease, null)
      expect(await trace('u7')).toMatchObject({
        initiates: [{ jobId: job.id, beganAt: began + 2000, endedAt: began + 3000 }],
      })
    })

    it('counts a plan made over another as the same Initiate, and one after its end as another', async () => {
      const { store, lease, trace, now, advance } = await initiating()
      const first = now()
      await store.noteUnansweredInitiate(lease)
      advance(1000)
      await store.beginUpload(lease, multipart, threeParts)
      advance(1000)
      await store.forgetUpload(lease, null)
      advance(1000)
      await store.beginUpload(lease, multipart, threeParts)
      expect(await trace('u7')).toMatchObject({
        initiates: [
          { beganAt: first, endedAt: first + 2000 },
          { beganAt: first + 3000, endedAt: null },
        ],
      })
    })

    it.each<[string, (tools: StoreSetup & { lease: Lease }) => Promise<unknown>]>([
      ['fails', ({ store, lease }) => store.finish(lease, { to: 'failed', error: jobError, receipt: null })],
      [
        'is cancelled',
        async ({ store, lease }) => {
          await store.control(lease.jobId, { verb: 'cancel' })
          await store.finish(lease, { to: 'cancelled' })
        },
      ],
      [
        'fails and is removed',
        async ({ store, lease }) => {
          await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
          await store.remove(lease.jobId)
        },
      ],
    ])('suspects what a job left that %s before any answer, up to its end', async (_how, end) => {
      const { trace, now, advance, job, ...tools } = await initiating()
      const beganAt = now()
      advance(1000)
      await end({ ...tools, trace, now, advance } as never)
      advance(1000)
      expect(await trace('u7')).toEqual({
        kind: 'unknown',
        initiates: [{ jobId: job.id, beganAt, endedAt: beganAt + 1000 }],
      })
    })

    it('suspects nothing of a put', async () => {
      const { store, running, ...tools } = await setup()
      const { lease } = await running()
      await store.beginUpload(lease, put, [{ partNumber: 1, offset: 0, size: 300 }])
      expect(tools.now()).toBeGreaterThan(0)
      expect(await store.traceUploads([ref('job-1', 'u7')])).toEqual([{ kind: 'unknown', initiates: [] }])
    })
  })

  describe('abandonUploads', () => {
    it('takes the upload from a job that failed long ago and keeps its parts to be looked at', async () => {
      const { store, job, trace, advance, eventTypes } = await failedWithUpload()
      expect(await store.abandonUploads({ olderThanMs: 0, limit: 10 })).toBe(0)
      advance(1)
      expect(await store.abandonUploads({ olderThanMs: 0, limit: 10 })).toBe(1)
      const left = await store.get(job.id)
      expect(left).toEqual({ ...job, upload: { ...multipart, uploadId: null } })
      const parts = await store.parts(job.id, page)
      expect(parts.items.map(({ state }) => state)).toEqual(['uploaded', 'pending', 'pending'])
      expect((await eventTypes(job.id)).at(-1)).toBe('job.updated')
      expect(await trace('u1')).toEqual({ kind: 'abandoned', jobId: job.id })
      expect(await trace('u1', 'other')).toMatchObject({ kind: 'unknown' })
      expect(await store.abandonedUploads(page)).toEqual({
        items: [{ jobId: job.id, target: job.target, uploadId: 'u1' }],
        nextCursor: null,
      })
      expect(await store.abandonUploads({ olderThanMs: 0, limit: 10 })).toBe(0)
    })

    it('takes the oldest first, so many at a time, and pages through what was abandoned', async () => {
      const { store, running, advance } = await setup()
      for (const uploadId of ['u1', 'u2', 'u3']) {
        const { lease } = await running()
        await store.beginUpload(lease, multipart, threeParts)
        await store.setUploadId(lease, uploadId)
        await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
        advance(10)
      }
      expect(await store.abandonUploads({ olderThanMs: 0, limit: 2 })).toBe(2)
      const first = await store.abandonedUploads({ limit: 1, cursor: null })
      expect(first.items.map(({ uploadId }) => uploadId)).toEqual(['u1'])
      const second = await store.abandonedUploads({ limit: 1, cursor: first.nextCursor })
      expect(second.items.map(({ uploadId }) => uploadId)).toEqual(['u2'])
      expect(second.nextCursor).toBeNull()
      await store.forgetAbandoned('u1')
      expect((await store.abandonedUploads(page)).items.map(({ uploadId }) => uploadId)).toEqual(['u2'])
      await expect(store.abandonedUploads({ limit: 1, cursor: 'bm9uZQ' })).rejects.toMatchObject({
        code: 'invalid_request',
      })
    })

    it('takes one by name, while that is the upload of the job', async () => {
      const { store, job } = await failedWithUpload()
      expect(await store.abandonUploads({ jobId: job.id, uploadId: 'u2' })).toBe(0)
      expect(await store.abandonUploads({ jobId: 'none', uploadId: 'u1' })).toBe(0)
      expect(await store.abandonUploads({ jobId: job.id, uploadId: 'u1' })).toBe(1)
      expect(await store.get(job.id)).toMatchObject({ state: 'failed', upload: { uploadId: null } })
    })

    it('takes nothing from a job that a retry has taken up, nor from one at work', async () => {
      const { store, job, advance } = await failedWithUpload()
      await store.control(job.id, { verb: 'retry', fingerprint: job.source.fingerprint })
      advance(1)
      expect(await store.abandonUploads({ olderThanMs: 0, limit: 10 })).toBe(0)
      expect(await store.abandonUploads({ jobId: job.id, uploadId: 'u1' })).toBe(0)
      await store.claim({ node, limit: 1, leaseMs })
      expect(await store.abandonUploads({ jobId: job.id, uploadId: 'u1' })).toBe(0)
      expect(await store.get(job.id)).toMatchObject({ state: 'running', upload: { uploadId: 'u1' } })
    })

    it('leaves the intent of a Complete, so that a cancel still asks whether it had won', async () => {
      const { store, lease, job } = await initiating()
      await store.setUploadId(lease, 'u1')
      await store.beginCompleting(lease)
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      await store.abandonUploads({ jobId: job.id, uploadId: 'u1' })
      expect(await store.get(job.id)).toMatchObject({ intent: 'complete', upload: { uploadId: null } })
    })

    it('makes a retry begin anew, whatever the source is', async () => {
      for (const now of [fingerprint(), fingerprint({ size: 299 })]) {
        const { store, job } = await failedWithUpload()
        await store.abandonUploads({ jobId: job.id, uploadId: 'u1' })
        const again = await store.control(job.id, { verb: 'retry', fingerprint: now })
        expect(again).toMatchObject({
          kind: 'ok',
          job: { state: 'queued', upload: null, bytesUploaded: 0, intent: null },
        })
        expect((await store.parts(job.id, page)).items).toEqual([])
      }
    })
  })

  describe('a cancel that OSS refuses', () => {
    const refused = async () => {
      const tools = await initiating()
      await tools.store.setUploadId(tools.lease, 'u1')
      await tools.store.control(tools.job.id, { verb: 'cancel' })
      return tools
    }

    it('counts its tries, keeps what OSS said, and is due again when it was told', async () => {
      const { store, lease, job, advance, eventTypes, claimOne } = await refused()
      const rest = { to: 'cancelling', waiting: 'backoff', delayMs: 5, refusal: jobError } as const
      const first = granted(await store.release(lease, rest))
      expect(first).toMatchObject({ state: 'cancelling', error: null, refusal: { tries: 1, error: jobError } })
      expect((await eventTypes(job.id)).at(-1)).toBe('job.waiting')
      advance(5)
      const again = await claimOne()
      const other = { ...jobError, message: 'still no' }
      await store.release(again.lease, { ...rest, refusal: other })
      expect(await store.get(job.id)).toMatchObject({ refusal: { tries: 2, error: other } })
    })

    it('leaves its upload as abandoned, until OSS has forgotten it', async () => {
      const { store, lease, job, trace, eventTypes } = await refused()
      const ended = granted(await store.finish(lease, { to: 'cancelled', refusal: jobError }))
      expect(ended).toMatchObject({
        state: 'cancelled',
        intent: null,
        refusal: { tries: 1 },
        upload: { uploadId: 'u1' },
      })
      expect(await trace('u1')).toEqual({ kind: 'job', jobId: job.id, state: 'cancelled' })
      const left = { jobId: job.id, target: job.target, uploadId: 'u1' }
      expect((await store.abandonedUploads(page)).items).toEqual([left])
      await store.forgetAbandoned('u2')
      expect(await store.get(job.id)).toEqual(ended)
      await store.forgetAbandoned('u1')
      expect(await store.get(job.id)).toEqual({ ...ended, refusal: null })
      expect((await eventTypes(job.id)).slice(-2)).toEqual(['job.cancelled', 'job.updated'])
      expect((await store.abandonedUploads(page)).items).toEqual([])
    })

    it('leaves nothing when it was granted in the end, or its Complete had won', async () => {
      for (const end of [{ to: 'cancelled' }, { to: 'completed', outcome: 'uploaded', receipt }] as const) {
        const { store, lease, claimOne } = await refused()
        await store.release(lease, { to: 'cancelling', waiting: null, delayMs: null, refusal: jobError })
        const again = await claimOne()
        expect(granted(await store.finish(again.lease, end))).toMatchObject({ refusal: null, state: end.to })
        expect((await store.abandonedUploads(page)).items).toEqual([])
      }
    })

    it.each([['removed'], ['pruned']])('keeps its upload as abandoned when the job is %s', async (how) => {
      const { store, lease, job, trace, advance } = await refused()
      await store.finish(lease, { to: 'cancelled', refusal: jobError })
      advance(1)
      if (how === 'removed') await store.remove(job.id)
      else await store.prune({ olderThanMs: 0, limit: 100 })
      expect(await trace('u1')).toEqual({ kind: 'abandoned', jobId: job.id })
      await store.forgetAbandoned('u1')
      expect((await store.abandonedUploads(page)).items).toEqual([])
    })
  })

  describe('remove', () => {
    it('abandons the upload that a failed job had', async () => {
      const { store, job, trace } = await failedWithUpload()
      expect(await store.remove(job.id)).toBe('ok')
      expect(await trace('u1')).toEqual({ kind: 'abandoned', jobId: job.id })
      expect((await store.abandonedUploads(page)).items).toEqual([
        { jobId: job.id, target: job.target, uploadId: 'u1' },
      ])
    })
  })

  describe('prune', () => {
    it('abandons the upload that a failed job had', async () => {
      const { store, job, trace, advance } = await failedWithUpload()
      advance(1)
      expect(await store.prune({ olderThanMs: 0, limit: 100 })).toMatchObject({ jobs: 1 })
      expect(await trace('u1')).toEqual({ kind: 'abandoned', jobId: job.id })
    })
  })

  describe('forgetInitiates', () => {
    it('forgets those that were over before, so many at a time, and none that may still be sent', async () => {
      const { store, lease, trace, advance } = await initiating()
      for (let round = 0; round < 3; round++) {
        await store.noteUnansweredInitiate(lease)
        await store.forgetUpload(lease, null)
        advance(10)
        await store.beginUpload(lease, multipart, threeParts)
      }
      expect(await store.forgetInitiates(10, 10)).toBe(2)
      expect(await store.forgetInitiates(0, 0)).toBe(0)
      expect(await store.forgetInitiates(0, 10)).toBe(1)
      expect(await trace('u7')).toMatchObject({ initiates: [{ endedAt: null }] })
    })
  })
}
