import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { JobView } from '../../src/core/job-view.js'
import { createJanitor } from '../../src/engine/upkeep/janitor.js'
import type { OssCall } from '../fakes/memory-oss.js'
import { setupChores } from './chores-setup.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

const page = { limit: 10, cursor: null }
const denied = (): Failure =>
  new Failure('permanent', 'OSS answered 403 AccessDenied', { code: 'access_denied', ossCode: 'AccessDenied' })

/** Makes OSS refuse these calls, or say that it did them while it does nothing (`ignored`). */
const setup = (refuses: readonly OssCall[], ignored: readonly OssCall[] = []): void => {
  engine = setupEngine()
  engine.files.write(path, randomBytes(6 * partSize))
  const { abort } = engine.oss
  if (ignored.includes('abort'))
    Object.assign(engine.oss, {
      abort: async (): ReturnType<typeof abort> => 'aborted',
    })
  engine.oss.faults = {
    before({ call }) {
      if (refuses.includes(call)) throw denied()
    },
  }
  engine.start()
}

/** Cancels a job while a part of it is on its way. */
const cancelled = async (): Promise<string> => {
  const earlier = engine.oss.faults
  let id = ''
  engine.oss.faults = {
    async before(info, signal) {
      if (info.call === 'uploadPart' && info.nth === 3) await engine.jobs.control(id, 'cancel', anybody)
      await earlier.before?.(info, signal)
    },
  }
  id = (await engine.submit({ parallel: 1 })).id
  return id
}

/** Returns what the events showed of a job, by their type. */
const told = async (jobId: string, type: string): Promise<readonly (JobView | undefined)[]> => {
  const { items } = await engine.store.eventsAfter(null, { jobId }, 1000)
  return items.filter((event) => event.type === type).map(({ job }) => job)
}

const runJanitor = () => {
  const { store, oss, clock } = engine
  const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger }
  const targets = { for: () => oss, close: async () => {} }
  const janitor = createJanitor({
    store,
    chores: setupChores(clock, store),
    targets,
    clock,
    logger,
    abandonedAfterMs: 3_600_000,
  })
  janitor.start()
  return janitor
}

describe('a cancel that OSS refuses', () => {
  it.each<[string, readonly OssCall[], readonly OssCall[]]>([
    ['Abort', ['abort'], []],
    ['ListParts, while Abort does nothing', ['listParts'], ['abort']],
    ['both', ['abort', 'listParts'], []],
  ])('by refusing %s ends after three tries and says what it leaves', async (_what, refuses, ignored) => {
    setup(refuses, ignored)
    const id = await cancelled()
    const job = await engine.settled(id)
    const [uploadId = ''] = [...engine.oss.uploads.keys()]
    expect(job).toMatchObject({
      state: 'cancelled',
      error: null,
      leftover: { uploadId, reason: 'OSS answered 403 AccessDenied' },
      upload: { uploadId },
    })
    const tries = await told(id, 'job.waiting')
    expect(tries).toHaveLength(2)
    for (const seen of tries) {
      expect(seen).toMatchObject({
        state: 'cancelling',
        waiting: 'backoff',
        error: { code: 'access_denied', ossCode: 'AccessDenied', message: 'OSS answered 403 AccessDenied' },
        leftover: null,
      })
    }
    expect((await engine.store.abandonedUploads(page)).items).toMatchObject([{ jobId: id, uploadId }])
    expect((await engine.submit()).state).toBe('queued')
  })

  it('has what it left removed once that is allowed, and says so', async () => {
    setup(['abort'])
    const id = await cancelled()
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', leftover: {} })
    const janitor = runJanitor()
    await engine.clock.sleep(7_200_000)
    expect(engine.oss.uploads.size).toBe(1)
    engine.oss.faults = {}
    await engine.until(async () => (await engine.jobs.get(id)).leftover === null)
    expect(engine.oss.uploads.size).toBe(0)
    await janitor.stop()
    expect(await told(id, 'job.updated')).toMatchObject([{ state: 'cancelled', leftover: null }])
    expect((await engine.store.abandonedUploads(page)).items).toEqual([])
  })

  it('counts its tries over the death of its daemon', async () => {
    setup(['abort'])
    const id = await cancelled()
    await engine.until(async () => (await told(id, 'job.waiting')).length === 1)
    await engine.kill()
    engine.files.forgetDescriptors()
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', leftover: {} })
    expect((await engine.store.get(id))?.refusal?.tries).toBe(3)
  })

  it('leaves nothing when OSS allows it before the third try', async () => {
    setup(['abort'])
    const id = await cancelled()
    await engine.until(async () => (await told(id, 'job.waiting')).length === 2)
    engine.oss.faults = {}
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', leftover: null, error: null })
    expect(engine.oss.uploads.size).toBe(0)
    expect((await engine.store.abandonedUploads(page)).items).toEqual([])
  })

  it('does not hide why the job had failed', async () => {
    setup(['abort'])
    const earlier = engine.oss.faults
    engine.oss.faults = {
      before(info, signal) {
        if (info.call === 'uploadPart' && info.partNumber === 4)
          throw new Failure('permanent', 'too odd', { code: 'bad_request', ossCode: 'Odd' })
        return earlier.before?.(info, signal)
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { ossCode: 'Odd' } })
    await engine.jobs.control(id, 'cancel', anybody)
    expect(await engine.settled(id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'bad_request', message: 'too odd', ossCode: 'Odd' },
      leftover: { reason: 'OSS answered 403 AccessDenied' },
    })
    expect(await told(id, 'job.waiting')).toMatchObject(
      Array(2).fill({ error: { ossCode: 'Odd', message: 'too odd; its cancel: OSS answered 403 AccessDenied' } }),
    )
  })

  it('waits as long as OSS is away, for that is no refusal', async () => {
    setup([])
    const id = await cancelled()
    let away = true
    const earlier = engine.oss.faults
    engine.oss.faults = {
      async before(info, signal) {
        await earlier.before?.(info, signal)
        if (info.call === 'abort' && away) throw new Failure('transient', 'nobody is there')
      },
    }
    await engine.until(async () => (await engine.jobs.get(id)).state === 'cancelling')
    await engine.clock.sleep(3_600_000)
    expect((await engine.store.get(id))?.state).toBe('cancelling')
    away = false
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', leftover: null })
    expect(engine.oss.uploads.size).toBe(0)
  })
})
