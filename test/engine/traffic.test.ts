import { describe, expect, it } from 'vitest'
import { createTraffic } from '../../src/engine/metering/traffic.js'

const setup = () => {
  let now = 1_000_000
  const traffic = createTraffic({ monotonic: () => now }, { moved: () => undefined })
  return {
    traffic,
    pass: (ms: number): void => {
      now += ms
    },
  }
}

describe('Traffic', () => {
  it('tells the rate of the last five seconds, however many moves they had', () => {
    const { traffic, pass } = setup()
    expect(traffic.bytesPerSecond()).toBe(0)
    for (let ms = 0; ms < 20_000; ms += 10) {
      traffic.moved(10)
      pass(10)
    }
    expect(traffic.bytesPerSecond()).toBe(1000)
  })

  it('falls to zero when nothing moves, and rises at once after a pause', () => {
    const { traffic, pass } = setup()
    traffic.moved(5000)
    expect(traffic.bytesPerSecond()).toBe(1000)
    pass(600_000)
    expect(traffic.bytesPerSecond()).toBe(0)
    traffic.moved(5000)
    expect(traffic.bytesPerSecond()).toBe(1000)
  })

  it('counts what was acknowledged', () => {
    const { traffic } = setup()
    traffic.acknowledged('part', 10)
    traffic.acknowledged('part', 20)
    traffic.acknowledged('object', 5)
    expect(traffic.totals()).toEqual({ bytes: 35, parts: 2, objects: 1 })
  })
})
