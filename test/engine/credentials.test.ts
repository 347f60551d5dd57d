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

/**
 * Sets up an engine whose keys come and go as the test says. Without keys every call is refused, as the adapter does
 * it.
 */
const setup = (atHand: boolean) => {
  const keys = { atHand, areAtHand: () => keys.atHand }
  engine = setupEngine({ keys })
  engine.files.write(path, randomBytes(6 * partSize))
  engine.oss.faults = {
    before() {
      if (!keys.atHand) throw new Failure('credentials', 'There are no keys', { code: 'access_denied' })
    },
  }
  engine.start()
  return keys
}

const hour = 3_600_000

describe('jobs without keys', () => {
  it('wait for them, however long, and nothing is claimed or sent meanwhile', async () => {
    const keys = setup(false)
    const { id } = await engine.submit()
    expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', waiting: 'credentials' })
    await engine.clock.sleep(hour)
    expect(engine.oss.calls).toEqual([])
    expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', waiting: 'credentials', runs: 0, attempts: 0 })
    keys.atHand = true
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 1, attempts: 0 })
  })

  it('can be cancelled', async () => {
    setup(false)
    const { id } = await engine.submit()
    await engine.jobs.control(id, 'cancel', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled' })
    expect(engine.oss.calls).toEqual([])
  })

  it('fail at their deadline', async () => {
    setup(false)
    const { id } = await engine.submit({ notAfter: engine.clock.now() + hour })
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
  })

  it('that lose them half-way go on from there in one more run, with no try charged', async () => {
    const keys = setup(true)
    const { before } = engine.oss.faults
    engine.oss.faults = {
      before(info, signal) {
        if (info.call === 'uploadPart' && info.nth === 4) keys.atHand = false
        return before?.(info, signal)
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    await engine.until(async () => (await engine.jobs.get(id)).waiting === 'credentials')
    const calls = engine.oss.calls.length
    await engine.clock.sleep(hour)
    expect(engine.oss.calls).toHaveLength(calls)
    expect(await engine.jobs.get(id)).toMatchObject({ runs: 1, progress: { partsUploaded: 3 } })
    engine.oss.faults = {}
    keys.atHand = true
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 2, attempts: 0 })
    const parts = engine.oss.calls.filter(({ call }) => call === 'uploadPart')
    expect(parts.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3, 4, 4, 5, 6])
  })
})
