import { afterEach, describe, expect, it } from 'vitest'
import type { OrphanView } from '../../src/engine/use-cases/orphan-view.js'
import type { AbortAnswer } from '../../src/engine/use-cases/orphans.js'
import type { Fault } from '../../src/oss-emulator/fault.js'
import { type DaemonProcess, runMain } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const size = 3 * 100 * 1024
const inParts = { multipartThreshold: 102_400, partSize: 102_400 }
const operation = 'InitiateMultipartUpload'

const orphans = async (daemon: DaemonProcess, query = ''): Promise<readonly OrphanView[]> => {
  const { status, body } = await daemon.request<{ items: OrphanView[] }>('GET', `/v1/orphans${query}`)
  expect(status).toBe(200)
  return body.items
}

const abort = async (daemon: DaemonProcess, uploads: readonly OrphanView[], force: boolean) => {
  const named = uploads.map(({ key, uploadId }) => ({ bucket, key, uploadId }))
  const { body } = await daemon.request<{ items: AbortAnswer[] }>('POST', '/v1/orphans/abort', {
    uploads: named,
    force,
  })
  return body.items.map(({ result }) => result)
}

const openUploads = (): readonly string[] => world.control.uploads().map(({ uploadId }) => uploadId)

describe('an upload that OSS made and the daemon never heard of', () => {
  const losses: readonly (readonly [string, Fault])[] = [
    ['the answer is on its way', { kind: 'stall', at: 'mid-answer' }],
    ['the answer has not begun', { kind: 'stall', at: 'before-answer' }],
  ]
  it.each(losses)(
    'is reported as possible when the daemon is killed while %s',
    { timeout: 60_000 },
    async (_when, fault) => {
      world = await createWorld()
      const path = await world.makeSource('a.bin', size)
      const dying = await world.start()
      world.control.addFaults([{ operation, bucket, key: 'dir/a.bin', fault }])
      const { id } = await dying.submit({ source: { path }, target: { bucket, key: 'dir/a.bin' }, ...inParts })
      await until(() => openUploads().length === 1)
      const [lost] = openUploads()
      dying.kill('SIGKILL')
      await dying.exited

      const daemon = await world.start()
      expect(await daemon.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
      expect(await world.objectSha256('dir/a.bin')).toBe(await sha256Of(path))

      const found = await orphans(daemon)
      expect(found).toMatchObject([
        { bucket, key: 'dir/a.bin', uploadId: lost, owner: 'possible', jobId: id, jobState: null, bytes: 0 },
      ])
      // OSS lists uploads with whole seconds.
      const begun = `${world.control.uploads()[0]?.initiatedAt.slice(0, 19)}.000Z`
      expect(found[0]?.initiatedAt).toBe(begun)
      expect(found[0]?.ageSeconds).toBeGreaterThanOrEqual(0)
      expect(found[0]?.ageSeconds).toBeLessThanOrEqual((Date.now() - Date.parse(begun)) / 1000)

      expect(await abort(daemon, found, false)).toEqual(['refused'])
      expect(openUploads()).toEqual([lost])
      expect(await abort(daemon, found, true)).toEqual(['aborted'])
      expect(openUploads()).toEqual([])
      expect(await abort(daemon, found, true)).toEqual(['gone'])
      expect(await world.objectSha256('dir/a.bin')).toBe(await sha256Of(path))
    },
  )

  it('is reported as possible when only its answer was lost', { timeout: 60_000 }, async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', size)
    const daemon = await world.start()
    world.control.addFaults([{ operation, bucket, key: 'k', fault: { kind: 'lost-answer' } }])
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'k' }, ...inParts })
    expect((await daemon.settled(id)).state).toBe('completed')
    expect(await orphans(daemon, `?bucket=${bucket}`)).toMatchObject([{ key: 'k', owner: 'possible', jobId: id }])
  })
})

describe('the upload of a failed job', () => {
  /** Makes a job that fails on its second part, and so keeps its upload. */
  const failing = async (daemon: DaemonProcess, key: string): Promise<string> => {
    const path = await world.makeSource(key, size)
    const fault: Fault = { kind: 'status', status: 403, code: 'AccessDenied' }
    world.control.addFaults([{ operation: 'UploadPart', bucket, key, partNumber: 2, fault }])
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key }, ...inParts, parallel: 1 })
    expect(await daemon.settled(id)).toMatchObject({ state: 'failed', error: { code: 'access_denied' } })
    return id
  }

  it('is aborted by the janitor in time; one that is not ours stays', { timeout: 60_000 }, async () => {
    world = await createWorld()
    const settings = { LONGSHORE_ABANDONED_AFTER: '2s' }
    const first = await world.start(settings)
    // This upload was begun by another daemon, whose database is another.
    const foreign = await world.start({ LONGSHORE_DATA_DIR: `${world.dataDir}-other` })
    const foreignId = await failing(foreign, 'shared.bin')
    const theirs = (await foreign.get(foreignId)).upload.uploadId
    const id = await failing(first, 'mine.bin')
    const { uploadId } = (await first.get(id)).upload
    expect(await orphans(first)).toMatchObject([
      { key: 'mine.bin', uploadId, owner: 'ours', jobId: id, jobState: 'failed', bytes: 102_400 },
      { key: 'shared.bin', uploadId: theirs, owner: 'unknown', jobId: null },
    ])
    await until(() => !openUploads().includes(uploadId ?? ''))
    expect(openUploads()).toEqual([theirs])
    await until(async () => (await first.get(id)).upload.uploadId === null)
    expect((await first.parts(id)).map(({ state }) => state)).toEqual(['uploaded', 'pending', 'pending'])

    await first.request('POST', `/v1/jobs/${id}/retry`)
    const done = await first.settled(id)
    expect(done).toMatchObject({ state: 'completed', upload: { mode: 'multipart' } })
    expect(done.upload.uploadId).not.toBe(uploadId)
    expect(openUploads()).toEqual([theirs])
  })

  it('is aborted soon after the start when its job was deleted', { timeout: 60_000 }, async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_ABANDONED_AFTER: '20s' })
    const id = await failing(daemon, 'k.bin')
    expect((await daemon.request('DELETE', `/v1/jobs/${id}`)).status).toBe(204)
    await until(() => openUploads().length === 0)
  })

  it('is listed and aborted by the command line', { timeout: 60_000 }, async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_TOKEN: 'admin-token' })
    const asAdmin = { authorization: 'Bearer admin-token' }
    const path = await world.makeSource('k.bin', size)
    const fault: Fault = { kind: 'status', status: 403, code: 'AccessDenied' }
    world.control.addFaults([{ operation: 'UploadPart', bucket, key: 'k.bin', fault }])
    const job = { source: { path }, target: { bucket, key: 'k.bin' }, ...inParts, parallel: 1 }
    const { body } = await daemon.request<{ id: string }>('POST', '/v1/jobs', job, asAdmin)
    await daemon.request('GET', `/v1/jobs/${body.id}?wait=30s`, undefined, asAdmin)

    const client = { LONGSHORE_URL: daemon.url, LONGSHORE_TOKEN: 'admin-token' }
    const listed = await runMain(['orphans', '--bucket', bucket], client)
    expect(listed).toMatchObject({ code: 0, stderr: '' })
    expect(listed.stdout).toMatch(/^OWNER .*\nours \(failed\) .* oss:\/\/bucket\/k\.bin /)
    expect(await runMain(['orphans', '--abort'], client)).toMatchObject({ code: 64, stdout: '' })
    expect(openUploads()).toHaveLength(1)
    expect(await runMain(['orphans', '--abort', '--yes'], client)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^aborted +oss:\/\/bucket\/k\.bin /),
    })
    expect(openUploads()).toEqual([])
  })

  it('is listed and aborted at the cost of the requester where the owner does not pay', {
    timeout: 60_000,
  }, async () => {
    world = await createWorld()
    const daemon = await world.start()
    await failing(daemon, 'k.bin')
    const fault: Fault = { kind: 'status', status: 403, code: 'AccessDenied' }
    const without = 'x-oss-request-payer'
    world.control.addFaults([{ bucket, without, times: null, fault }])
    const client = { LONGSHORE_URL: daemon.url }
    expect(await runMain(['orphans'], client)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('AccessDenied'),
    })
    const paid = ['orphans', '--payer', 'requester']
    expect((await runMain(paid, client)).stdout).toContain('oss://bucket/k.bin')
    expect(await runMain([...paid, '--abort', '--yes'], client)).toMatchObject({ code: 0 })
    expect(openUploads()).toEqual([])
  })

  it('asks for a bucket that exists, within what is allowed', { timeout: 60_000 }, async () => {
    world = await createWorld()
    const daemon = await world.start({ LONGSHORE_ALLOWED_TARGETS: `${bucket}/in,absent-bucket` })
    expect(await orphans(daemon)).toEqual([])
    const statusOf = async (name: string) =>
      (await daemon.request<{ code: string }>('GET', `/v1/orphans?bucket=${name}`)).body
    expect(await statusOf('absent-bucket')).toMatchObject({ status: 400, errors: [{ path: 'bucket' }] })
    expect(await statusOf('another')).toMatchObject({ status: 403, code: 'target_not_allowed' })
  })
})
