import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import type { Store } from '../../src/ports/store.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(() => engine.end())

const parts = (): number => engine.oss.calls.filter(({ call }) => call === 'uploadPart').length

/** Holds parts from the n-th on until `release` is called. An abort lets go of them too. */
const holdParts = (from: number): { release(): void } => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const cut = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  engine.oss.faults = {
    async before({ call, nth }, signal) {
      if (call === 'uploadPart' && nth >= from) await Promise.race([released, cut(signal)])
    },
  }
  return { release }
}

const setup = (options: Parameters<typeof setupEngine>[0] = {}): void => {
  engine = setupEngine(options)
  engine.files.write(path, randomBytes(8 * partSize))
  engine.start()
}

describe('a deadline', () => {
  it('fails a job that is not done by then', async () => {
    setup()
    holdParts(3)
    const job = await engine.submit({ notAfter: engine.clock.now() + 60_000 })
    expect(await engine.settled(job.id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
  })

  /** Makes a job whose fourth part is held until it is let go. */
  const held = async (notAfterMs: number | null, options: Parameters<typeof setupEngine>[0] = {}) => {
    setup(options)
    const { release: letGo } = holdParts(4)
    const notAfter = notAfterMs === null ? null : engine.clock.now() + notAfterMs
    const { id } = await engine.submit({ parallel: 1, notAfter })
    await engine.until(() => parts() === 4)
    const move = (to: number | null) => engine.jobs.change(id, { notAfter: to }, null, anybody)
    return { id, letGo, move, at: (ms: number) => engine.clock.now() + ms }
  }

  it.each([
    ['later', 3_600_000],
    ['away', null],
  ])('that is moved %s while the job runs lets it go on', async (_where, to) => {
    const { id, letGo, move, at } = await held(60_000)
    await move(to === null ? null : at(to))
    await engine.clock.sleep(600_000)
    expect((await engine.jobs.get(id)).state).toBe('running')
    letGo()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 1 })
  })

  it.each([
    ['earlier', 60_000, 5_000],
    ['into the past', 60_000, -1],
    ['from nowhere', null, 5_000],
  ])('that is moved %s while the job runs fails it then', async (_where, before, to) => {
    const { id, move, at } = await held(before)
    const moved = at(to)
    await move(moved)
    const job = await engine.settled(id)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
    expect(job.error?.message).toContain(new Date(moved).toISOString())
    expect(Date.parse(job.finishedAt ?? '') - moved).toBeLessThan(2_000)
  })

  it('that was met may be moved, and a retry keeps what OSS holds', async () => {
    const { id, letGo, move } = await held(60_000)
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
    letGo()
    await move(null)
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 2 })
    expect(engine.oss.calls.filter(({ call }) => call === 'initiate')).toHaveLength(1)
  })

  it('moved away in the moment in which it comes does not fail the job', async () => {
    let tried = 0
    let inTheLastMoment: () => Promise<unknown> = async () => undefined
    const wrapStore = (store: Store): Store => ({
      ...store,
      async finish(...args) {
        if (args[1].to === 'failed' && tried++ === 0) await inTheLastMoment()
        return store.finish(...args)
      },
    })
    const { id, letGo, move, at } = await held(60_000, { wrapStore })
    inTheLastMoment = () => move(at(3_600_000))
    await engine.until(() => tried > 0)
    letGo()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', error: null, attempts: 0, runs: 2 })
  })

  it('of a job that waits for its time must lie behind that', async () => {
    setup()
    const notBefore = engine.clock.now() + 90_000
    const { id } = await engine.submit({ notBefore })
    await expect(engine.jobs.change(id, { notAfter: notBefore }, null, anybody)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { errors: [{ path: 'notAfter' }] },
    })
    await engine.jobs.change(id, { notAfter: notBefore + 1 }, null, anybody)
    expect((await engine.jobs.get(id)).options.notAfter).toBe(new Date(notBefore + 1).toISOString())
  })
})
