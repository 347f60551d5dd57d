import { describe, expect, it } from 'vitest'
import type { NewJob } from '../../src/core/job.js'
import type { JobOptions } from '../../src/core/job-options.js'
import type { JobStore } from '../../src/ports/job-store.js'
import { fingerprint, granted, jobError, jobRequest, receipt, type StoreSetup, sent } from './store-setup.js'

const kib = 1024
const partSize = 100 * kib
const size = 3 * partSize
const target = { bucket: 'bucket-a', key: 'k', endpoint: 'https://oss.example', region: 'cn-hangzhou' }
const source = { kind: 'path', path: '/srv/in/k', fingerprint: fingerprint({ size }) } as const
const upload = { mode: 'multipart', uploadId: null, partSize, partCount: 3 } as const
const parts = [1, 2, 3].map((partNumber) => ({ partNumber, offset: (partNumber - 1) * partSize, size: partSize }))
const page = { limit: 100, cursor: null }

const optionsWith = (changes: Partial<JobOptions> = {}): JobOptions => ({
  ...jobRequest('x').options,
  partSize,
  multipartThreshold: partSize,
  ...changes,
})

const wish = (changes: Partial<NewJob> = {}): Partial<NewJob> => ({
  source,
  target,
  options: optionsWith(),
  marker: null,
  ...changes,
})

const taken = (answer: Awaited<ReturnType<JobStore['takeLeftovers']>>) => {
  if (answer === 'fenced') throw new Error('fenced')
  return answer
}

/** Tests what older settled jobs have in OSS of the object of a new job. */
export const leftoverTests = (setup: () => Promise<StoreSetup>): void => {
  /** Makes a job of the object that failed with an upload of this name and one part. */
  const failedWith = async ({ store, running }: StoreSetup, uploadId: string, changes: Partial<NewJob> = {}) => {
    const { lease } = await running(wish({ marker: `mark of ${uploadId}`, ...changes }))
    await store.beginUpload(lease, upload, parts)
    await store.setUploadId(lease, uploadId)
    await store.commitParts(lease, [{ ...sent(1), size: partSize }])
    return granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
  }

  describe('takeLeftovers', () => {
    it('finds nothing where nothing was left, and is fenced', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running(wish())
      expect(await store.takeLeftovers(lease)).toEqual({ job, left: [] })
      expect(await store.takeLeftovers({ ...lease, epoch: lease.epoch + 1 })).toBe('fenced')
    })

    it('gives the upload that the job would begin, with its parts and mark, and takes it from the other', async () => {
      const tools = await setup()
      const { store, running, eventTypes } = tools
      const old = await failedWith(tools, 'u1')
      const { lease, job } = await running(
        wish({ source: { ...source, fingerprint: fingerprint({ size, dev: '7' }) } }),
      )
      const given = taken(await store.takeLeftovers(lease))
      const expected = {
        ...job,
        marker: 'mark of u1',
        upload: { ...upload, uploadId: 'u1' },
        bytesUploaded: partSize,
        partsUploaded: 1,
      }
      expect(given).toEqual({ job: expected, left: [] })
      expect(await store.get(job.id)).toEqual(expected)
      expect((await eventTypes(job.id)).at(-1)).toBe('job.updated')
      const { items } = await store.parts(job.id, page)
      expect(items).toEqual((await store.parts(old.id, page)).items)
      expect(items.map(({ state }) => state)).toEqual(['uploaded', 'pending', 'pending'])
      expect(await store.get(old.id)).toEqual({ ...old, upload })
      expect(await store.abandonedUploads(page)).toMatchObject({ items: [] })
      expect(await store.traceUploads([{ ...target, uploadId: 'u1' }])).toEqual([
        { kind: 'job', jobId: job.id, state: 'running' },
      ])
      await store.commitParts(
        lease,
        [2, 3].map((n) => ({ ...sent(n), size: partSize })),
      )
      await store.beginCompleting(lease)
      await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt })
      const again = await store.control(old.id, { verb: 'retry', fingerprint: source.fingerprint })
      expect(again).toMatchObject({ kind: 'ok', job: { state: 'queued', upload: null, bytesUploaded: 0 } })
    })

    it.each<[string, Partial<NewJob>]>([
      ['another file', { source: { ...source, path: '/srv/in/other' } }],
      ['a file that changed', { source: { ...source, fingerprint: fingerprint({ size, mtimeNs: '1' }) } }],
      ['a file that was touched', { source: { ...source, fingerprint: fingerprint({ size, ctimeNs: '1' }) } }],
      ['other parts', { options: optionsWith({ partSize: 2 * partSize }) }],
      ['one request', { options: optionsWith({ multipartThreshold: size + 1 }) }],
      ['parts in their order', { options: optionsWith({ sequential: true }) }],
      ['other headers', { options: optionsWith({ headers: { 'Content-Type': 'text/plain' } }) }],
      ['no overwriting', { options: optionsWith({ ifExists: 'fail' }) }],
    ])('gives up the upload when the job asks for %s', async (_what, changes) => {
      const tools = await setup()
      const { store, running } = tools
      const old = await failedWith(tools, 'u1')
      const { lease, job } = await running(wish(changes))
      const left = [{ jobId: old.id, target, uploadId: 'u1' }]
      expect(await store.takeLeftovers(lease)).toEqual({ job, left })
      expect((await store.abandonedUploads(page)).items).toEqual(left)
      expect(await store.get(old.id)).toMatchObject({ state: 'failed', upload: { uploadId: null } })
    })

    it('does not go on with an upload whose parts are in doubt, or whose Complete was sent', async () => {
      for (const end of ['integrity', 'complete'] as const) {
        const { store, running } = await setup()
        const { lease } = await running(wish())
        await store.beginUpload(lease, upload, parts)
        await store.setUploadId(lease, 'u1')
        if (end === 'complete') await store.beginCompleting(lease)
        const error = end === 'complete' ? jobError : ({ ...jobError, code: 'integrity' } as const)
        await store.finish(lease, { to: 'failed', error, receipt: null })
        const next = await running(wish())
        expect(taken(await store.takeLeftovers(next.lease))).toMatchObject({
          job: { upload: null },
          left: [{ uploadId: 'u1' }],
        })
      }
    })

    it('takes the youngest, and answers what others left, also what a cancel had to leave, youngest first', async () => {
      const tools = await setup()
      const { store, running, submit } = tools
      const cancelled = await running(wish())
      await store.beginUpload(cancelled.lease, upload, parts)
      await store.setUploadId(cancelled.lease, 'u0')
      await store.control(cancelled.job.id, { verb: 'cancel' })
      await store.finish(cancelled.lease, { to: 'cancelled', refusal: jobError })
      await failedWith(tools, 'u1')
      await failedWith(tools, 'u2')
      await failedWith(tools, 'other', { target: { ...target, key: 'k2' } })
      await failedWith(tools, 'elsewhere', { target: { ...target, endpoint: 'https://oss-2.example' } })
      await submit({ target: { ...target, bucket: 'bucket-b' } })
      const { lease } = await running(wish({ priority: 1 }))
      const { job, left } = taken(await store.takeLeftovers(lease))
      expect(job.upload?.uploadId).toBe('u2')
      expect(left.map(({ uploadId }) => uploadId)).toEqual(['u1', 'u0'])
      expect(await store.takeLeftovers(lease)).toEqual({ job, left })
    })
  })

  describe('forgetUpload', () => {
    it('keeps as abandoned what OSS refuses to remove', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running(wish())
      expect(await store.forgetUpload({ ...lease, epoch: lease.epoch + 1 }, null, true)).toBe('fenced')
      for (const uploadId of ['gone', 'left']) {
        await store.beginUpload(lease, upload, parts)
        await store.setUploadId(lease, uploadId)
        expect(await store.forgetUpload(lease, null, uploadId === 'left')).toMatchObject({ upload: null })
      }
      await store.forgetUpload(lease, null, true)
      const left = [{ jobId: job.id, target, uploadId: 'left' }]
      expect((await store.abandonedUploads(page)).items).toEqual(left)
      expect(taken(await store.takeLeftovers(lease)).left).toEqual(left)
    })
  })

  describe('finish', () => {
    it('lets older failed jobs give up what they have of an object that was made', async () => {
      const tools = await setup()
      const { store, running } = tools
      const old = await failedWith(tools, 'u1')
      await failedWith(tools, 'other', { target: { ...target, key: 'k2' } })
      for (const outcome of ['skipped', 'uploaded'] as const) {
        const { lease } = await running(wish())
        expect((await store.abandonedUploads(page)).items).toEqual([])
        await store.finish(lease, { to: 'completed', outcome, receipt: outcome === 'skipped' ? null : receipt })
      }
      expect((await store.abandonedUploads(page)).items).toEqual([{ jobId: old.id, target, uploadId: 'u1' }])
      expect(await store.get(old.id)).toMatchObject({ state: 'failed', upload: { uploadId: null } })
    })
  })
}
