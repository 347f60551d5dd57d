import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { Failure } from '../../src/core/failure.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let engine: EngineSetup
afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const setup = (): void => {
  engine = setupEngine()
  engine.files.write(path, randomBytes(6 * partSize))
  engine.start()
}

const hour = 3_600_000
const minute = 60_000
const jumps = [hour, -hour, 24 * 365 * hour]

describe('a wall clock that is set', () => {
  it.each(jumps)('by %d ms under a running upload changes nothing about it', async (jump) => {
    setup()
    engine.oss.faults = {
      async before({ call, nth }, signal) {
        if (call !== 'uploadPart') return
        // All of these together take longer than a lease lasts, and the queue is looked at before the next heartbeat.
        await engine.clock.sleep(17_000, signal)
        if (nth === 2) engine.clock.jump(jump)
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    const startedAt = engine.clock.monotonic()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 1, attempts: 0 })
    expect(engine.clock.monotonic() - startedAt).toBeLessThan(3 * minute)
    expect(engine.oss.calls.filter(({ call }) => call === 'uploadPart')).toHaveLength(6)
  })

  it.each(jumps)('by %d ms neither hurries nor freezes the retries of an outage', async (jump) => {
    setup()
    const over = engine.clock.monotonic() + 10 * minute
    engine.oss.faults = {
      before() {
        if (engine.clock.monotonic() < over) throw new Failure('transient', 'OSS stumbled', { status: 503 })
      },
    }
    const { id } = await engine.submit()
    await engine.until(async () => (await engine.jobs.get(id)).waiting === 'endpoint')
    const calls = engine.oss.calls.length
    engine.clock.jump(jump)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(engine.clock.monotonic() - over).toBeLessThan(3 * minute)
    expect(engine.oss.calls.length - calls).toBeLessThan(100)
  })

  it('forward starts what was to start by then', async () => {
    setup()
    const { id } = await engine.submit({ notBefore: engine.clock.now() + 10 * hour })
    const submittedAt = engine.clock.monotonic()
    engine.clock.jump(10 * hour)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect(engine.clock.monotonic() - submittedAt).toBeLessThan(minute)
  })

  it('forward ends what was to be done by then, though it is at work', async () => {
    setup()
    engine.oss.faults = {
      async before({ call, nth }, signal) {
        if (call !== 'uploadPart') return
        if (nth === 1) engine.clock.jump(10 * hour)
        await engine.clock.sleep(5 * minute, signal)
      },
    }
    const { id } = await engine.submit({ notAfter: engine.clock.now() + 10 * hour })
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
    expect(engine.clock.monotonic()).toBeLessThan(2 * minute)
  })

  it('back gives more time to what has a deadline', async () => {
    setup()
    engine.oss.faults = {
      async before({ call, nth }, signal) {
        if (call !== 'uploadPart') return
        if (nth === 1) engine.clock.jump(-hour)
        await engine.clock.sleep(10 * minute, signal)
      },
    }
    const { id } = await engine.submit({ parallel: 6, notAfter: engine.clock.now() + 5 * minute })
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
  })
})
