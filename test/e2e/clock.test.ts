import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bucket, createWorld, mib, sha256Of, until, type World } from './world.js'

const hour = 3_600_000

let world: World
beforeEach(async () => {
  world = await createWorld({ bandwidth: 8_000_000 })
})
afterEach(() => world.end())

/** From now on OSS's clock is off by so much, as we see it, or ours is, as OSS sees it. */
const shiftOss = (offsetMs: number): void => {
  world.control.clearFaults()
  world.control.addFaults([{ times: null, fault: { kind: 'skewed', offsetMs } }])
}

const refusals = (): number => world.control.ledger().entries.filter(({ status }) => status === 403).length

describe.each(['v4', 'v1'])('a clock that is wrong, with %s signatures', (signature) => {
  it('is corrected by what OSS says, once for all requests, and again when that changes', {
    timeout: 60_000,
  }, async () => {
    shiftOss(3 * hour)
    const path = await world.makeSource('big.bin', 40 * mib)
    const small = await world.makeSource('small.bin', 1000)
    const daemon = await world.start({ OSS_SIGNATURE: signature })
    const first = await daemon.submit({ source: { path: small }, target: { bucket, key: 'first' } })
    expect(await daemon.settled(first.id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1 })
    // A small file is refused among others first, and by itself once; that answer corrects the clock.
    expect(refusals()).toBe(2)

    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'big' }, partSize: mib, parallel: 4 })
    await until(async () => (await daemon.parts(id)).filter((part) => part.state === 'uploaded').length >= 5)
    expect(refusals()).toBe(2)
    shiftOss(-5 * hour)
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1 })
    // These are the requests that were signed before the first of them had been refused.
    expect(refusals()).toBeGreaterThan(2)
    expect(refusals()).toBeLessThanOrEqual(2 + 4)
    world.control.clearFaults()
    expect(await world.objectSha256('big')).toBe(await sha256Of(path))
  })
})
