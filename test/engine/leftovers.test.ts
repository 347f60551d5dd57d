import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { JobView } from '../../src/core/job-view.js'
import type { SubmitRequest } from '../../src/engine/use-cases/jobs.js'
import type { CallInfo, OssCall } from '../fakes/memory-oss.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

const bytes = randomBytes(6 * partSize)
const denied = (): Failure => new Failure('permanent', 'no', { code: 'access_denied', ossCode: 'AccessDenied' })

const setup = (): void => {
  engine = setupEngine()
  engine.files.write(path, bytes)
  engine.start()
}

const refuse = (refused: (info: CallInfo) => boolean): void => {
  engine.oss.faults = {
    before(info) {
      if (refused(info)) throw denied()
    },
  }
}

/** Returns a job that has failed because OSS refuses its fifth part. */
const failed = async (request: Partial<SubmitRequest> = {}): Promise<JobView> => {
  refuse(({ call, partNumber }) => call === 'uploadPart' && partNumber === 5)
  const job = await engine.settled((await engine.submit({ parallel: 1, ...request })).id)
  expect(job.state).toBe('failed')
  return job
}

const count = (call: OssCall): number => engine.oss.calls.filter((made) => made.call === call).length

describe('a job for an object whose upload an older job left', () => {
  it('goes on with it when it is the upload that it would begin', async () => {
    setup()
    const [first, second, third] = [await failed(), await failed(), await failed()]
    expect(engine.oss.uploads.size).toBe(1)
    expect(new Set([first, second, third].map(({ upload }) => upload.uploadId)).size).toBe(1)
    engine.oss.faults = {}
    const { id } = await engine.submit()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', receipt: { proof: 'object' } })
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
    expect([count('initiate'), count('abort')]).toEqual([1, 0])
    // Four parts were sent once, the fifth by each job, and the sixth by the last job.
    expect(count('uploadPart')).toBe(4 + 4 + 1)
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('removes it when it is another, so that however many fail one is left', async () => {
    setup()
    for (const run of ['1', '2', '3']) await failed({ headers: { 'x-oss-meta-run': run } })
    expect(engine.oss.uploads.size).toBe(1)
    expect([count('initiate'), count('abort')]).toEqual([3, 2])
    expect(await engine.store.abandonedUploads({ limit: 9, cursor: null })).toMatchObject({ items: [] })
  })

  it('lets a retry of the older job begin anew, without a word', async () => {
    setup()
    const old = await failed()
    const young = await failed()
    expect((await engine.jobs.get(old.id)).upload.uploadId).toBeNull()
    engine.oss.faults = {}
    await engine.jobs.control(old.id, 'retry', anybody)
    const done = await engine.settled(old.id)
    expect(done).toMatchObject({ state: 'completed', error: null, runs: 2 })
    // The older job took the upload back, and the younger job gave it up.
    expect(done.upload.uploadId).toBe(young.upload.uploadId)
    expect((await engine.jobs.get(young.id)).upload.uploadId).toBeNull()
    expect(count('initiate')).toBe(1)
    await engine.jobs.control(young.id, 'retry', anybody)
    expect(await engine.settled(young.id)).toMatchObject({ state: 'completed' })
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('takes no parts of a file that was rewritten under its old modification time', async () => {
    setup()
    await failed()
    engine.oss.faults = {}
    const forged = Buffer.from(bytes)
    forged.fill(0, 0, 10)
    const file = engine.files.files.get(path)
    if (file === undefined) throw new Error('no file')
    Object.assign(file, { bytes: forged, ctime: file.ctime + 1 })
    const { id } = await engine.submit()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 1 })
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(forged)).toBe(true)
  })

  it.each<[string, (info: CallInfo) => boolean]>([
    ['refuses the Abort', ({ call }) => call === 'abort'],
    ['refuses the list', ({ call }) => call === 'listParts'],
  ])('is not held up when OSS %s', async (_what, refused) => {
    setup()
    await failed()
    refuse(refused)
    const { id } = await engine.submit({ headers: { 'x-oss-meta-run': 'again' } })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
  })

  it('is not held up when OSS does not answer the Abort, which is left to the janitor', async () => {
    setup()
    const old = await failed()
    engine.oss.faults = {
      before({ call }) {
        if (call === 'abort') throw new Failure('transient', 'no answer')
      },
    }
    const { id } = await engine.submit({ headers: { 'x-oss-meta-run': 'again' } })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(await engine.store.abandonedUploads({ limit: 9, cursor: null })).toMatchObject({
      items: [{ jobId: old.id }],
    })
  })

  it('begins one of its own when OSS has forgotten it', async () => {
    setup()
    await failed()
    engine.oss.faults = {}
    engine.oss.uploads.clear()
    const { id } = await engine.submit()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect(count('initiate')).toBe(2)
  })

  it('goes on with it after a death of its own daemon', async () => {
    setup()
    await failed()
    let reached = false
    engine.oss.faults = {
      before({ call, partNumber }) {
        if (call !== 'uploadPart' || partNumber !== 5) return
        reached = true
        return new Promise(() => {})
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    await engine.until(() => reached)
    await engine.kill()
    engine.files.forgetDescriptors()
    engine.oss.faults = {}
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect([count('initiate'), engine.oss.uploads.size]).toEqual([1, 0])
  })
})
