import { afterEach, describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const key = 'k.bin'
const inParts = { multipartThreshold: 102_400, partSize: 102_400, parallel: 1 }
const openUploads = (): readonly string[] => world.control.uploads().map(({ uploadId }) => uploadId)

const refuseThirdPart = (): void => {
  const fault = { kind: 'status', status: 403, code: 'AccessDenied' } as const
  world.control.addFaults([{ operation: 'UploadPart', bucket, key, partNumber: 3, times: null, fault }])
}

const failed = async (daemon: DaemonProcess, path: string, more: object = {}): Promise<JobView> => {
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key }, ...inParts, ...more })
  const job = await daemon.settled(id)
  expect(job).toMatchObject({ state: 'failed', error: { code: 'access_denied' } })
  return job
}

/** Returns the numbers of the parts that OSS received and accepted. */
const sentParts = (): readonly (number | null)[] =>
  world.control
    .ledger()
    .entries.filter(({ operation, status }) => operation === 'UploadPart' && status === 200)
    .map(({ partNumber }) => partNumber)

describe('jobs for one object that fail one after the other', { timeout: 60_000 }, () => {
  it('leave one upload, whose parts the next job need not send again, also after a kill -9', async () => {
    world = await createWorld()
    const dying = await world.start()
    const path = await world.makeSource(key, 5 * 102_400)
    refuseThirdPart()
    const jobs = [await failed(dying, path), await failed(dying, path), await failed(dying, path)]
    expect(new Set(jobs.map(({ upload }) => upload.uploadId)).size).toBe(1)
    expect(openUploads()).toEqual([jobs[0]?.upload.uploadId])
    dying.kill('SIGKILL')
    await dying.exited

    const daemon = await world.start()
    world.control.clearFaults()
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key }, ...inParts })
    expect(await daemon.settled(id)).toMatchObject({
      state: 'completed',
      upload: { uploadId: jobs[0]?.upload.uploadId },
    })
    expect(await world.objectSha256(key)).toBe(await sha256Of(path))
    expect([...sentParts()].sort()).toEqual([1, 2, 3, 4, 5])
    expect(openUploads()).toEqual([])

    // Each of the others begins anew when it is retried.
    for (const old of jobs.slice(0, 2)) {
      await daemon.request('POST', `/v1/jobs/${old.id}/retry`)
      expect(await daemon.settled(old.id)).toMatchObject({ state: 'completed', error: null })
    }
    expect(openUploads()).toEqual([])
  })

  it('leave one upload when they are not the same', async () => {
    world = await createWorld()
    const daemon = await world.start()
    refuseThirdPart()
    const paths = [await world.makeSource('a', 4 * 102_400), await world.makeSource('b', 6 * 102_400)]
    const first = await failed(daemon, paths[0] ?? '')
    await failed(daemon, paths[1] ?? '')
    const last = await failed(daemon, paths[1] ?? '', { headers: { 'Content-Type': 'text/plain' } })
    expect(openUploads()).toEqual([last.upload.uploadId])
    expect((await daemon.get(first.id)).upload.uploadId).toBeNull()
  })

  it('have their upload removed in time when another job made the object in one request', async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_ABANDONED_AFTER: '1h' })
    refuseThirdPart()
    const old = await failed(daemon, await world.makeSource('a', 4 * 102_400))
    const path = await world.makeSource('small', 100)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key } })
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', upload: { mode: 'put' } })
    expect((await daemon.get(old.id)).upload.uploadId).toBeNull()
    await until(() => openUploads().length === 0)
  })
})
