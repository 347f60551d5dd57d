import { describe, expect, it } from 'vitest'
import { batchRequest } from './store-batch-setup.js'
import {
  fingerprint,
  granted,
  jobError,
  leaseMs,
  multipart,
  node,
  type StoreSetup,
  sent,
  threeParts,
} from './store-setup.js'

const retryUnseen = { verb: 'retry', fingerprint: 'due' } as const

/** Tests fingerprints that are left to the run that claims the job. */
export const fingerprintTests = (setup: () => Promise<StoreSetup>): void => {
  describe('a fingerprint', () => {
    it('keeps the node that took it', async () => {
      const { store, submit } = await setup()
      const taken = fingerprint({ node: 'node-b' })
      const job = await submit({ source: { kind: 'path', path: '/srv/in/a', fingerprint: taken } })
      expect((await store.get(job.id))?.source).toEqual({ kind: 'path', path: '/srv/in/a', fingerprint: taken })
      expect((await store.list({}, { limit: 1, cursor: null })).items[0]?.source.fingerprint).toEqual(taken)
    })

    it('that is due stays so until a run has taken it', async () => {
      const { store, failed, claimOne } = await setup()
      const { id, source } = await failed()
      expect(await store.control(id, retryUnseen)).toMatchObject({ kind: 'ok', job: { state: 'queued' } })
      expect((await store.get(id))?.source).toEqual({ ...source, isDue: true })
      expect((await store.list({}, { limit: 1, cursor: null })).items[0]?.source).toEqual({ ...source, isDue: true })
      const first = await claimOne()
      expect(first.job.source.isDue).toBe(true)
      await store.release(first.lease, { to: 'queued', waiting: null, delayMs: null })
      const second = await claimOne()
      expect(second.job.source.isDue).toBe(true)
      const now = fingerprint({ node: 'node-b', size: 400 })
      expect(granted(await store.noteFingerprint(second.lease, now)).source).toEqual({ ...source, fingerprint: now })
      expect((await store.get(id))?.source).toEqual({ ...source, fingerprint: now })
    })

    it('is noted by the lease that holds the job alone', async () => {
      const { store, running, claimOne, advance } = await setup()
      const { lease, job } = await running()
      advance(leaseMs + 1)
      await claimOne()
      expect(await store.noteFingerprint(lease, fingerprint({ size: 1 }))).toBe('fenced')
      expect((await store.get(job.id))?.source).toEqual(job.source)
    })

    it('of an unchanged source keeps the upload and its parts, and says nothing', async () => {
      const { store, running, claimOne, eventTypes } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'u-1')
      await store.commitParts(lease, [sent(1)])
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      await store.control(job.id, retryUnseen)
      const claim = await claimOne()
      const before = await eventTypes(job.id)
      expect(granted(await store.noteFingerprint(claim.lease, fingerprint({ dev: '1', node: 'b' })))).toMatchObject({
        upload: { uploadId: 'u-1' },
        bytesUploaded: 100,
        source: { fingerprint: job.source.fingerprint },
      })
      expect((await store.parts(job.id, { limit: 9, cursor: null })).items.map(({ state }) => state)).toEqual([
        'uploaded',
        'pending',
        'pending',
      ])
      expect(await eventTypes(job.id)).toEqual(before)
    })

    it('of a changed source resets the parts, has the upload removed, and counts the new size', async () => {
      const { store, running, claimOne, eventTypes } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'u-1')
      await store.commitParts(lease, [sent(1)])
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      await store.control(job.id, retryUnseen)
      expect((await store.stats()).bytesPending).toBe(200)
      const claim = await claimOne()
      const changed = fingerprint({ size: 4_000, mtimeNs: '1' })
      expect(granted(await store.noteFingerprint(claim.lease, changed))).toMatchObject({
        intent: 'abort',
        upload: { uploadId: 'u-1' },
        bytesUploaded: 0,
      })
      expect((await store.stats()).bytesPending).toBe(4_000)
      const { items } = await store.parts(job.id, { limit: 9, cursor: null })
      expect(items.every(({ state }) => state === 'pending')).toBe(true)
      expect((await eventTypes(job.id)).at(-1)).toBe('job.updated')
    })

    it('of a job without an upload changes its size in the totals of its batch', async () => {
      const { store, running, claimOne } = await setup()
      await store.submitBatch(batchRequest('b-1'), [], null)
      const { lease, job } = await running({ batchId: 'b-1' })
      await store.finish(lease, { to: 'failed', error: jobError, receipt: null })
      await store.control(job.id, retryUnseen)
      const claim = await claimOne()
      await store.noteFingerprint(claim.lease, fingerprint({ size: 5, mtimeNs: '1' }))
      expect((await store.getBatch('b-1'))?.counts).toMatchObject({ bytesTotal: 5, running: 1 })
    })
  })

  describe('a verb for many jobs', () => {
    it('leaves the sources that are not seen from here to the claims', async () => {
      const { store, failed, claimOne } = await setup()
      const { id } = await failed()
      const { id: other } = await failed()
      const verb = { verb: 'retry', filter: {}, by: null, jobs: 0, batches: 0 } as const
      const { id: verbId } = await store.beginVerb(verb)
      const looks = [
        { jobId: id, fingerprint: 'due' as const },
        { jobId: other, fingerprint: fingerprint() },
      ]
      expect(await store.stepVerb(verbId, 10, looks)).toBe('over')
      expect(await store.getVerb(verbId)).toMatchObject({ changed: 2, refused: 0 })
      expect((await store.get(id))?.source.isDue).toBe(true)
      expect((await store.get(other))?.source.isDue).toBeUndefined()
      expect((await claimOne()).job.source.isDue).toBe(true)
    })
  })

  describe('a claim of plain puts', () => {
    it('takes a job whose fingerprint is due as a run', async () => {
      const { store, submit } = await setup()
      const small = fingerprint({ size: 10 })
      const source = { kind: 'path', path: '/srv/in/a', fingerprint: small } as const
      await submit({ source })
      await submit({ source: { ...source, isDue: true } })
      const puts = { limit: 10, pairLimit: 10, quotas: [] }
      const request = { node, limit: 0, pairLimit: 0, leaseMs, puts }
      const taken = await store.claim(request)
      expect(taken.claims.map(({ job }) => job.source.isDue ?? false)).toEqual([false])
      const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
      expect(claim?.job).toMatchObject({ upload: null, source: { isDue: true } })
    })
  })
}
