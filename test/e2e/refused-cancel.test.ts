import { afterEach, describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import type { OrphanView } from '../../src/engine/use-cases/orphan-view.js'
import type { FaultRule } from '../../src/oss-emulator/fault.js'
import { type DaemonProcess, runMain } from './daemon-process.js'
import { bucket, createWorld, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const forbid = (operation: 'AbortMultipartUpload' | 'ListParts'): FaultRule => ({
  operation,
  bucket,
  times: null,
  fault: { kind: 'status', status: 403, code: 'AccessDenied' },
})
/** With this fault OSS answers Abort as if it were done, and does nothing. */
const ignoredAbort: FaultRule = {
  operation: 'AbortMultipartUpload',
  bucket,
  times: null,
  fault: { kind: 'status', status: 204, body: 'empty' },
}

const inParts = { multipartThreshold: 102_400, partSize: 102_400, parallel: 1 }
const openUploads = (): readonly string[] => world.control.uploads().map(({ uploadId }) => uploadId)

/** Makes a paused job with a part in OSS, and then cancels it. */
const cancelled = async (daemon: DaemonProcess, key: string): Promise<string> => {
  const path = await world.makeSource(key, 4 * 102_400)
  world.control.addFaults([{ operation: 'UploadPart', bucket, key, partNumber: 2, fault: { kind: 'delay', ms: 300 } }])
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key }, ...inParts })
  await until(async () => (await daemon.get(id)).progress.partsUploaded > 0)
  await daemon.request('POST', `/v1/jobs/${id}/pause`)
  await until(async () => (await daemon.get(id)).state === 'paused')
  await daemon.request('POST', `/v1/jobs/${id}/cancel`)
  return id
}

describe('a cancel that OSS forbids', () => {
  it.each<[string, readonly FaultRule[]]>([
    ['refuses Abort', [forbid('AbortMultipartUpload')]],
    ['refuses ListParts and does nothing at Abort', [ignoredAbort, forbid('ListParts')]],
  ])('ends, and lists what it left, when OSS %s', { timeout: 90_000 }, async (_what, rules) => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_ABANDONED_AFTER: '10s' })
    world.control.addFaults(rules)
    const id = await cancelled(daemon, 'k.bin')
    const [uploadId] = openUploads()
    await until(async () => (await daemon.get(id)).error !== null)
    expect(await daemon.get(id)).toMatchObject({
      state: 'cancelling',
      error: { code: 'access_denied', ossCode: 'AccessDenied' },
      leftover: null,
    })
    expect((await daemon.request('GET', '/v1/wait?timeout=50s')).status).toBe(200)
    const job = await daemon.get(id)
    expect(job).toMatchObject({ state: 'cancelled', error: null, leftover: { uploadId } })
    expect(job.leftover?.reason).toContain('AccessDenied')
    expect(openUploads()).toEqual([uploadId])

    // The key is free again.
    const path = await world.makeSource('small.bin', 10)
    const next = await daemon.submit({ source: { path }, target: { bucket, key: 'k.bin' } })
    expect((await daemon.settled(next.id)).state).toBe('completed')

    world.control.clearFaults()
    await until(() => openUploads().length === 0)
    await until(async () => (await daemon.get(id)).leftover === null)
  })

  it('is counted over a kill -9, listed as an orphan, and shown and removed by the command line', {
    timeout: 90_000,
  }, async () => {
    world = await createWorld()
    const dying = await world.start()
    world.control.addFaults([forbid('AbortMultipartUpload')])
    const id = await cancelled(dying, 'k.bin')
    await until(async () => (await dying.get(id)).error !== null)
    dying.kill('SIGKILL')
    await dying.exited

    const daemon = await world.start()
    const { uploadId, reason } = (await daemon.settled(id)).leftover ?? {}
    expect(openUploads()).toEqual([uploadId])
    const orphans = await daemon.request<{ items: readonly OrphanView[] }>('GET', '/v1/orphans')
    expect(orphans.body.items).toMatchObject([{ uploadId, owner: 'ours', jobId: id, jobState: 'cancelled' }])

    const client = { LONGSHORE_URL: daemon.url }
    const shown = (await runMain(['show', id], client)).stdout
    expect(shown).toContain(`left in OSS  upload ${uploadId} is still in OSS: ${reason}`)
    expect(await runMain(['orphans', '--abort', '--yes'], client)).toMatchObject({ code: 1 })
    world.control.clearFaults()
    expect(await runMain(['orphans', '--abort', '--yes'], client)).toMatchObject({ code: 0 })
    expect(openUploads()).toEqual([])
    expect((await daemon.get(id)).leftover).toBeNull()
  })

  it('keeps what it left in mind when its job is deleted', { timeout: 90_000 }, async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_ABANDONED_AFTER: '10s' })
    world.control.addFaults([forbid('AbortMultipartUpload')])
    const id = await cancelled(daemon, 'k.bin')
    const job: JobView = await daemon.settled(id)
    expect(job).toMatchObject({ state: 'cancelled', leftover: { uploadId: openUploads()[0] } })
    expect((await daemon.request('DELETE', `/v1/jobs/${id}`)).status).toBe(204)
    const { body } = await daemon.request<{ items: readonly OrphanView[] }>('GET', '/v1/orphans')
    expect(body.items).toMatchObject([{ owner: 'ours', jobId: id, jobState: null }])
    world.control.clearFaults()
    await until(() => openUploads().length === 0)
  })
})
