import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const stalled = (): Failure => new Failure('stalled', 'The source does not answer', { code: 'source_unreadable' })

const setup = (size: number) => {
  engine = setupEngine()
  engine.files.write(path, randomBytes(size))
  engine.start()
  const over = engine.clock.monotonic() + 10 * 60_000
  const answers = (): boolean => engine.clock.monotonic() >= over
  const waits = async (id: string): Promise<void> =>
    engine.until(async () => (await engine.jobs.get(id)).waiting === 'source')
  return { answers, waits }
}

describe('a source whose file system does not answer', () => {
  it.each([
    ['a put', 'putObject', partSize - 1],
    ['parts', 'uploadPart', 5 * partSize],
  ] as const)('makes a job of %s wait for it, without losing an attempt', async (_name, call, size) => {
    const { answers, waits } = setup(size)
    engine.oss.faults = {
      before(made) {
        if (made.call === call && !answers()) throw stalled()
      },
    }
    const { id } = await engine.submit()
    await waits(id)
    expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 0, error: null })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', waiting: null, attempts: 0 })
  })

  it('takes no further slot once its run has met it', async () => {
    const { waits } = setup(40 * partSize)
    engine.oss.faults = {
      before: async ({ call }) => {
        if (call !== 'uploadPart') return
        await engine.clock.sleep(15_000)
        throw stalled()
      },
    }
    const { id } = await engine.submit({ parallel: 32 })
    await waits(id)
    // These are the first wave only: as many as one pair may have in flight at its beginning, and none that waited
    // behind them.
    const tried = engine.oss.calls.filter(({ call }) => call === 'uploadPart').length
    expect(tried).toBeLessThanOrEqual(16)
    expect((await engine.jobs.get(id)).attempts).toBe(0)
  })

  it('is asked again every fifteen seconds when it cannot be opened', async () => {
    const { answers, waits } = setup(partSize)
    const { open } = engine.files
    const askedAt: number[] = []
    engine.files.open = async (...asked) => {
      askedAt.push(engine.clock.monotonic())
      // The submit is the first to ask.
      if (askedAt.length > 1 && !answers()) throw stalled()
      return open(...asked)
    }
    const { id } = await engine.submit()
    await waits(id)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    const pauses = askedAt.slice(2).map((at, index) => at - (askedAt[index + 1] ?? 0))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(15_000)
    expect(Math.max(...pauses)).toBeLessThan(20_000)
  })

  it('makes a job wait that is to delete it, and is deleted when it answers', async () => {
    const { answers, waits } = setup(2 * partSize)
    const { remove } = engine.files
    engine.files.remove = async (request) => {
      if (!answers()) throw stalled()
      return remove(request)
    }
    const { id } = await engine.submit({ deleteSource: true })
    await waits(id)
    const job = await engine.settled(id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
    expect(job.receipt).not.toBe(null)
    expect(engine.files.files.has(path)).toBe(false)
    expect(engine.oss.calls.filter(({ call }) => call === 'complete')).toHaveLength(1)
  })

  it('holds up neither a pause nor a cancel', async () => {
    const { waits } = setup(5 * partSize)
    engine.oss.faults = {
      before({ call }) {
        if (call === 'uploadPart') throw stalled()
      },
    }
    const { id } = await engine.submit()
    await waits(id)
    expect(await engine.jobs.control(id, 'pause', anybody)).toMatchObject({ state: 'paused', waiting: null })
    await engine.jobs.control(id, 'resume', anybody)
    await waits(id)
    await engine.jobs.control(id, 'cancel', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled' })
  })
})
