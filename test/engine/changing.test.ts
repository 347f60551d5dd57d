import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

/** Sets up an engine whose parts are held one by one. `held` are the parts that are on their way. */
const setup = (parts: number, options: Parameters<typeof setupEngine>[0] = {}) => {
  engine = setupEngine(options)
  engine.files.write(path, randomBytes(parts * partSize))
  const held: { release(): void }[] = []
  engine.oss.faults = {
    before: ({ call }, signal) =>
      call === 'uploadPart'
        ? new Promise<void>((resolve, reject) => {
            held.push({ release: resolve })
            signal.addEventListener('abort', () => reject(signal.reason))
          })
        : undefined,
  }
  engine.start()
  const release = (count: number): void => {
    for (const { release } of held.splice(0, count)) release()
  }
  const releaseAll = async (jobId: string): Promise<void> => {
    await engine.until(async () => {
      release(held.length)
      return (await engine.jobs.get(jobId)).finishedAt !== null
    })
  }
  return { held, release, releaseAll }
}

/** Waits long enough for everything that was going to happen without time passing. */
const settleDown = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
}

describe('a change of `parallel`', () => {
  it('puts more parts in flight at once', async () => {
    const { held, releaseAll } = setup(12, { slots: 64 })
    const { id } = await engine.submit({ parallel: 1 })
    await engine.until(() => held.length === 1)
    expect(await engine.jobs.change(id, { parallel: 3 }, null, anybody)).toMatchObject({ parallel: 3, version: 2 })
    await engine.until(() => held.length === 3)
    await settleDown()
    expect(held.length).toBe(3)
    await releaseAll(id)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1 })
  })

  it('lets what is in flight finish before there are fewer', async () => {
    const { held, release, releaseAll } = setup(12, { slots: 64 })
    const { id } = await engine.submit({ parallel: 4 })
    await engine.until(() => held.length === 4)
    await engine.jobs.change(id, { parallel: 2 }, null, anybody)
    await settleDown()
    release(2)
    await settleDown()
    expect(held.length).toBe(2)
    release(1)
    await engine.until(() => held.length === 2)
    await settleDown()
    expect(held.length).toBe(2)
    await releaseAll(id)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1 })
  })

  it('sends no two parts of a sequential upload at once', async () => {
    const { held, releaseAll } = setup(5)
    const { id } = await engine.submit({ sequential: true })
    await engine.until(() => held.length === 1)
    await engine.jobs.change(id, { parallel: 8 }, null, anybody)
    await settleDown()
    expect(held.length).toBe(1)
    await releaseAll(id)
  })
})

describe('a change of `priority`', () => {
  it('lets a job that is at work go first from the next slot on', async () => {
    const { held, release, releaseAll } = setup(6, { slots: 2 })
    const sent: string[] = []
    const first = await engine.submit({ target: { bucket: 'bucket', key: 'first' } })
    const second = await engine.submit({ target: { bucket: 'bucket', key: 'second' } })
    await engine.until(() => held.length === 2)
    await engine.jobs.change(second.id, { priority: 50 }, null, anybody)
    await settleDown()
    for (let i = 0; i < 4; i++) {
      release(1)
      await engine.until(() => held.length === 2)
    }
    for (const { call, key } of engine.oss.calls) if (call === 'uploadPart') sent.push(key ?? '')
    expect(sent.slice(2)).toEqual(['second', 'second', 'second', 'second'])
    await releaseAll(second.id)
    await releaseAll(first.id)
  })
})

describe('a change of a job that moved on', () => {
  it('is refused with the version that it has now', async () => {
    setup(1)
    const { id, version } = await engine.submit()
    await engine.jobs.change(id, { priority: 1 }, [version], anybody)
    await expect(engine.jobs.change(id, { priority: 2 }, [version], anybody)).rejects.toMatchObject({
      code: 'precondition_failed',
      message: expect.stringContaining('"v2"'),
    })
    await expect(engine.jobs.change('nobody', {}, null, anybody)).rejects.toMatchObject({ code: 'job_not_found' })
  })
})
