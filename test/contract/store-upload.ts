import { describe, expect, it } from 'vitest'
import type { StoredPart } from '../../src/core/part.js'
import {
  fingerprint,
  granted,
  jobError,
  leaseMs,
  multipart,
  put,
  receipt,
  type StoreSetup,
  sent,
  threeParts,
} from './store-setup.js'

const pendingPart = { state: 'pending', etag: null, crc64: null, proven: false, attempts: 0, uploadedAt: null }

/** Tests the upload of a job: its plan, its parts, its intents, and how it settles. */
export const uploadTests = (setup: () => Promise<StoreSetup>): void => {
  const started = async () => {
    const tools = await setup()
    const { lease, job } = await tools.running()
    await tools.store.beginUpload(lease, multipart, threeParts)
    await tools.store.setUploadId(lease, 'u1')
    const parts = async (): Promise<readonly StoredPart[]> =>
      (await tools.store.parts(job.id, { limit: 100, cursor: null })).items
    return { ...tools, lease, job, parts }
  }

  describe('beginUpload and setUploadId', () => {
    it('commits the plan with its intent first, then the id', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      const planned = granted(await store.beginUpload(lease, multipart, threeParts))
      expect(planned).toMatchObject({ upload: multipart, intent: 'initiate', state: 'running' })
      expect((await store.parts(job.id, { limit: 9, cursor: null })).items).toEqual(
        threeParts.map((part) => ({ ...part, ...pendingPart })),
      )
      const named = granted(await store.setUploadId(lease, 'u1'))
      expect(named).toMatchObject({ upload: { ...multipart, uploadId: 'u1' }, intent: null })
      expect(await store.get(job.id)).toEqual(named)
    })

    it('plans over an upload that OSS never named, but not over one it knows', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, multipart, threeParts)
      expect(granted(await store.beginUpload(lease, put, [{ partNumber: 1, offset: 0, size: 300 }]))).toMatchObject({
        upload: put,
        intent: null,
      })
      expect((await store.parts(job.id, { limit: 9, cursor: null })).items).toHaveLength(1)
      await expect(store.setUploadId(lease, 'u1')).rejects.toThrow()
      await store.beginUpload(lease, multipart, threeParts)
      await store.setUploadId(lease, 'u1')
      await expect(store.beginUpload(lease, multipart, threeParts)).rejects.toThrow()
    })

    it('takes a plan of ten thousand parts', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      const parts = Array.from({ length: 10_000 }, (_, i) => ({ partNumber: i + 1, offset: i * 100, size: 100 }))
      await store.beginUpload(lease, { ...multipart, partCount: 10_000 }, parts)
      const page = await store.parts(job.id, { limit: 1000, cursor: null })
      expect(page.items).toHaveLength(1000)
      expect(page.nextCursor).not.toBeNull()
    })
  })

  describe('setIntent', () => {
    it('commits an intent and its end', async () => {
      const { store, lease, job } = await started()
      expect(granted(await store.setIntent(lease, 'abort')).intent).toBe('abort')
      expect(await store.get(job.id)).toMatchObject({ intent: 'abort' })
      expect(granted(await store.setIntent(lease, null)).intent).toBeNull()
    })
  })

  describe('commitParts', () => {
    it('keeps what OSS said, counts the bytes, and tells of each part', async () => {
      const { store, lease, job, parts, now } = await started()
      const unproven = { ...sent(1), proven: false, crc64: '0', attempts: 0 }
      expect(await store.commitParts(lease, [sent(3), unproven])).toBe('ok')
      expect(await store.get(job.id)).toMatchObject({ bytesUploaded: 200, partsUploaded: 2 })
      expect(await parts()).toEqual([
        { ...threeParts[0], ...unproven, state: 'uploaded', uploadedAt: now() },
        { ...threeParts[1], ...pendingPart },
        { ...threeParts[2], ...sent(3), state: 'uploaded', uploadedAt: now() },
      ])
      const events = (await store.eventsAfter(null, { jobId: job.id }, 100)).items.slice(2)
      expect(events).toMatchObject([
        { type: 'part.uploaded', part: { partNumber: 3, offset: 200, state: 'uploaded', crc64: sent(3).crc64 } },
        { type: 'part.uploaded', part: { partNumber: 1, offset: 0, etag: 'ETAG1' } },
      ])
      expect(events.every((event) => event.job === undefined)).toBe(true)
    })

    it.each(['ETAG1', 'OTHER'])(
      'counts a part once that is uploaded already, and takes the ETag it has now: %s',
      async (etag) => {
        const { store, lease, job, parts, eventTypes } = await started()
        await store.commitParts(lease, [sent(1)])
        const [before] = await parts()
        await store.commitParts(lease, [{ ...sent(1), etag, attempts: 7 }, sent(2)])
        expect((await parts())[0]).toEqual({ ...before, etag })
        expect(await store.get(job.id)).toMatchObject({ bytesUploaded: 200, partsUploaded: 2 })
        expect((await eventTypes(job.id)).filter((type) => type === 'part.uploaded')).toHaveLength(2)
      },
    )

    it('takes nothing when one of the parts is not in the plan', async () => {
      const { store, lease, job, parts } = await started()
      for (const stray of [{ ...sent(4) }, { ...sent(2), size: 99 }]) {
        await expect(store.commitParts(lease, [sent(1), stray])).rejects.toThrow()
      }
      expect((await parts()).every((part) => part.state === 'pending')).toBe(true)
      expect(await store.get(job.id)).toMatchObject({ bytesUploaded: 0, partsUploaded: 0 })
    })

    it('still takes the parts that were in flight when a cancel came', async () => {
      const { store, lease, job } = await started()
      await store.control(job.id, { verb: 'cancel' })
      expect(await store.commitParts(lease, [sent(1)])).toBe('ok')
      expect(await store.get(job.id)).toMatchObject({ state: 'cancelling', partsUploaded: 1 })
    })
  })

  describe('chargeAttempts', () => {
    it('adds up', async () => {
      const { store, lease, job } = await started()
      await store.chargeAttempts(lease, 2)
      expect(await store.chargeAttempts(lease, 3)).toBe('ok')
      expect(await store.get(job.id)).toMatchObject({ attempts: 5 })
    })
  })

  describe('forgetUpload', () => {
    it('drops upload, parts and intent, and counts the restart', async () => {
      const { store, lease, job, parts } = await started()
      await store.commitParts(lease, [sent(1)])
      await store.setIntent(lease, 'abort')
      const changed = fingerprint({ size: 77 })
      expect(granted(await store.forgetUpload(lease, changed))).toMatchObject({
        state: 'running',
        upload: null,
        intent: null,
        bytesUploaded: 0,
        partsUploaded: 0,
        restarts: 1,
        source: { kind: 'path', path: job.source.path, fingerprint: changed },
      })
      expect(await parts()).toEqual([])
      expect(granted(await store.forgetUpload(lease, null))).toMatchObject({
        restarts: 2,
        source: { fingerprint: changed },
      })
    })
  })

  describe('beginCompleting', () => {
    it('moves a wanted job and commits the intent', async () => {
      const { store, lease, job, eventTypes } = await started()
      const completing = granted(await store.beginCompleting(lease))
      expect(completing).toMatchObject({ state: 'completing', intent: 'complete' })
      expect(await store.beginCompleting(lease)).toEqual(completing)
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.completing'])
    })
  })

  describe('beginRemoval', () => {
    const removal = { state: 'pending', aside: '.x', fingerprint: fingerprint(), receipt } as const

    it('keeps what is to be removed over a crash, whatever else the user wants, until the job completes', async () => {
      const { store, running, advance, claimOne } = await setup()
      const { lease, job } = await running()
      expect(granted(await store.beginRemoval(lease, removal)).removal).toEqual(removal)
      expect(await store.control(job.id, { verb: 'pause' })).toMatchObject({ kind: 'ok' })
      advance(leaseMs)
      const again = await claimOne()
      expect([again.job.id, again.job.removal]).toEqual([job.id, removal])
      expect(await store.beginRemoval(lease, removal)).toBe('fenced')
      const note = { state: 'kept', note: 'no' } as const
      const end = { to: 'completed', outcome: 'uploaded', receipt, removal: note } as const
      expect(granted(await store.finish(again.lease, end)).removal).toEqual(note)
      expect((await store.get(job.id))?.removal).toEqual(note)
    })

    it('is unwanted once the job is cancelling', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      await store.control(job.id, { verb: 'cancel' })
      expect(await store.beginRemoval(lease, removal)).toBe('unwanted')
      expect((await store.get(job.id))?.removal).toBeNull()
    })
  })

  describe('finish', () => {
    it('stores the receipt of an upload and ends the lease', async () => {
      const { store, lease, job, eventTypes, now, parts } = await started()
      await store.commitParts(lease, [sent(1), sent(2), sent(3)])
      await store.beginCompleting(lease)
      const before = await parts()
      const done = granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect(done).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt, intent: null, finishedAt: now() })
      expect(done).toMatchObject({ bytesUploaded: 300, partsUploaded: 3 })
      expect(await store.get(job.id)).toEqual(done)
      expect(await parts()).toEqual(before)
      expect(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt })).toBe('fenced')
      expect((await eventTypes(job.id)).filter((type) => type === 'job.completed')).toHaveLength(1)
    })

    it('shows the one part of a put as uploaded with its receipt', async () => {
      const { store, running } = await setup()
      const { lease, job } = await running()
      await store.beginUpload(lease, put, [{ partNumber: 1, offset: 0, size: 300 }])
      const done = granted(await store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }))
      expect(done).toMatchObject({ bytesUploaded: 300, partsUploaded: 1 })
      expect((await store.parts(job.id, { limit: 9, cursor: null })).items).toEqual([
        {
          partNumber: 1,
          offset: 0,
          size: 300,
          state: 'uploaded',
          etag: receipt.etag,
          crc64: receipt.crc64,
          proven: true,
          attempts: 1,
          uploadedAt: receipt.completedAt,
        },
      ])
    })

    it('completes without a receipt what was skipped', async () => {
      const { store, running } = await setup()
      const { lease } = await running()
      const done = granted(await store.finish(lease, { to: 'completed', outcome: 'skipped', receipt: null }))
      expect(done).toMatchObject({ outcome: 'skipped', receipt: null, bytesUploaded: 300, partsUploaded: 0 })
    })

    it('stores the reason of a failure, and its receipt when the object is there', async () => {
      const { store, lease, now } = await started()
      await store.beginCompleting(lease)
      const failed = granted(await store.finish(lease, { to: 'failed', error: jobError, receipt }))
      expect(failed).toMatchObject({ state: 'failed', error: jobError, receipt, finishedAt: now(), intent: 'complete' })
    })
  })
}
