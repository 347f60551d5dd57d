import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import { createJanitor } from '../../src/engine/upkeep/janitor.js'
import type { OrphanStore } from '../../src/ports/orphan-store.js'
import { granted, multipart, threeParts } from '../contract/store-setup.js'
import { setupChores } from './chores-setup.js'
import { partSize, path, setupEngine } from './engine-setup.js'
import { bucket, setupOrphans } from './orphans-setup.js'

const hour = 3_600_000
const day = 24 * hour
const page = { limit: 100, cursor: null }

/** Waits until it holds, however far the clock runs meanwhile. The test's timeout ends a wait that never ends. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise(setImmediate)
}

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = (abandonedAfterMs = 7 * day) => {
  const made = setupOrphans()
  const { store, targets, clock, logger } = made
  const start = (through: OrphanStore = store): void => {
    const janitor = createJanitor({
      store: through,
      chores: setupChores(clock, store),
      targets,
      clock,
      logger,
      abandonedAfterMs,
    })
    janitor.start()
    endings.push(() => janitor.stop())
  }
  endings.push(() => clock.stop())
  return { ...made, start, uploadIds: () => [...made.oss.uploads.keys()] }
}

describe('the janitor', () => {
  it('removes the upload of a job that failed long ago, within an hour, and nothing else', async () => {
    const { failed, running, foreign, clock, start, store, uploadIds } = setup()
    const old = await failed('old')
    const theirs = await foreign('old')
    const paused = await running('paused')
    await store.control(paused.jobId, { verb: 'pause' })
    await store.release(paused.lease, { to: 'paused' })
    start()
    await clock.sleep(7 * day - 1)
    const young = await failed('young')
    expect(uploadIds()).toContain(old.uploadId)
    await until(() => !uploadIds().includes(old.uploadId))
    expect(clock.monotonic()).toBeLessThan(7 * day + 2 * hour)
    expect(uploadIds().sort()).toEqual([theirs, paused.uploadId, young.uploadId].sort())
    await until(async () => (await store.abandonedUploads(page)).items.length === 0)
    expect(await store.get(old.job.id)).toMatchObject({ state: 'failed', upload: { uploadId: null } })
  })

  it('looks soon after its start, so that a daemon that restarts daily still tidies up', async () => {
    const { failed, clock, start, uploadIds } = setup()
    await failed('old')
    await clock.sleep(8 * day)
    const startedAt = clock.monotonic()
    start()
    await until(() => uploadIds().length === 0)
    expect(clock.monotonic() - startedAt).toBeLessThan(60_000)
  })

  it('takes many, oldest first, one request at a time', async () => {
    const { failed, clock, start, uploadIds, oss } = setup()
    for (let n = 0; n < 120; n++) await failed(`k${n}`)
    let inFlight = 0
    let most = 0
    oss.faults = {
      before: () => {
        most = Math.max(most, ++inFlight)
      },
      after: () => void inFlight--,
    }
    // A ListParts of an upload that is gone throws, and is over too.
    const listParts = oss.listParts
    Object.assign(oss, {
      listParts: (...args: Parameters<typeof listParts>) =>
        listParts(...args).catch((error: unknown) => {
          inFlight--
          throw error
        }),
    })
    await clock.sleep(8 * day)
    start()
    await until(() => uploadIds().length === 0)
    expect(most).toBe(1)
  })

  it('removes what was left of a job that was deleted', async () => {
    const { failed, start, store, uploadIds } = setup()
    const { job } = await failed('k')
    await store.remove(job.id)
    start()
    await until(() => uploadIds().length === 0)
  })

  it('asks a silent OSS once a round, backing off, and goes on when it is back', async () => {
    const { failed, clock, start, store, uploadIds, oss } = setup()
    for (let n = 0; n < 10; n++) await failed(`k${n}`)
    await clock.sleep(8 * day)
    const before = oss.calls.length
    oss.faults = {
      before() {
        throw new Failure('transient', 'nobody is there')
      },
    }
    start()
    await clock.sleep(6 * hour)
    const asked = oss.calls.length - before
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(15)
    expect((await store.abandonedUploads(page)).items).toHaveLength(10)
    oss.faults = {}
    await until(() => uploadIds().length === 0)
  })

  it('is not held up by one upload that OSS refuses to remove', async () => {
    const { failed, clock, start, uploadIds, oss } = setup()
    const stuck = await failed('a')
    await failed('b')
    await clock.sleep(8 * day)
    const abort = oss.abort
    Object.assign(oss, {
      abort: async (...args: Parameters<typeof abort>) => {
        if (args[0].uploadId === stuck.uploadId) throw new Failure('permanent', 'no', { code: 'bad_request' })
        return abort(...args)
      },
    })
    start()
    await until(() => uploadIds().length === 1)
    expect(uploadIds()).toEqual([stuck.uploadId])
  })

  it('outlives a store that fails, and a bug, and says so', async () => {
    const { failed, clock, start, store, uploadIds, logs } = setup()
    await failed('k')
    await clock.sleep(8 * day)
    const troubles = [new AppError('storage_full', 'full'), new TypeError('a bug')]
    start({
      ...store,
      async abandonUploads(request) {
        const trouble = troubles.shift()
        if (trouble !== undefined) throw trouble
        return store.abandonUploads(request)
      },
    })
    await until(() => uploadIds().length === 0)
    expect(logs.some((line) => line.includes('storage_full'))).toBe(true)
    expect(logs.some((line) => line.includes('ended in a bug'))).toBe(true)
  })

  it('goes on with what a janitor before it had given up but not removed', async () => {
    const { failed, start, store, uploadIds } = setup()
    const { job, uploadId } = await failed('k')
    await store.abandonUploads({ jobId: job.id, uploadId })
    await store.control(job.id, { verb: 'retry', fingerprint: job.source.fingerprint })
    start()
    await until(() => uploadIds().length === 0)
    expect(await store.get(job.id)).toMatchObject({ state: 'queued', upload: null })
  })

  it('forgets suspicions that are older than three months', async () => {
    const { running, clock, start, store } = setup()
    const { lease } = await running('k')
    granted(await store.forgetUpload(lease, null))
    await store.beginUpload(lease, multipart, threeParts)
    await store.noteUnansweredInitiate(lease)
    granted(await store.setUploadId(lease, 'u'))
    const suspected = async () => (await store.traceUploads([{ bucket, key: 'k', uploadId: 'x' }]))[0]
    expect(await suspected()).toMatchObject({ initiates: [{}] })
    start()
    await clock.sleep(89 * day)
    expect(await suspected()).toMatchObject({ initiates: [{}] })
    await clock.sleep(2 * day)
    expect(await suspected()).toMatchObject({ initiates: [] })
  })
})

describe('a job whose upload was given up', () => {
  it('begins anew when it is retried, and leaves nothing behind', async () => {
    const engine = setupEngine()
    endings.push(() => engine.end())
    const bytes = randomBytes(3 * partSize)
    engine.files.write(path, bytes)
    engine.oss.faults = {
      before({ call, partNumber }) {
        if (call === 'uploadPart' && partNumber === 3) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    engine.start()
    const { id } = await engine.submit({ parallel: 1 })
    const failed = await engine.settled(id)
    expect(failed).toMatchObject({ state: 'failed', upload: { uploadId: 'U1' }, progress: { partsUploaded: 2 } })
    await engine.store.abandonUploads({ jobId: id, uploadId: 'U1' })
    engine.oss.faults = {}
    await engine.jobs.control(id, 'retry', anybody)
    const done = await engine.settled(id)
    expect(done).toMatchObject({ state: 'completed', upload: { uploadId: 'U2' } })
    expect(engine.oss.objects.get('bucket/key')?.bytes).toEqual(bytes)
    const { clock, store, oss } = engine
    const targets = { for: () => oss, close: async () => {} }
    const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger }
    const janitor = createJanitor({
      store,
      chores: setupChores(clock, store),
      targets,
      clock,
      logger,
      abandonedAfterMs: 7 * day,
    })
    janitor.start()
    await until(() => oss.uploads.size === 0)
    await janitor.stop()
  })

  it('may still be cancelled', async () => {
    const { failed, store } = setup()
    const { job, uploadId } = await failed('k')
    await store.abandonUploads({ jobId: job.id, uploadId })
    expect(await store.control(job.id, { verb: 'cancel' })).toMatchObject({ kind: 'ok', job: { state: 'cancelling' } })
  })
})
