import { describe, expect, it } from 'vitest'
import { bytesLeftOf, bytesOfCompleted, etaOf, observe, type RateWindow, rateOf } from '../../src/core/progress.js'

const steady = (bytesPerMs: number, ms: number): RateWindow => {
  let window: RateWindow = []
  for (let atMs = 0; atMs <= ms; atMs += 100) window = observe(window, { atMs, bytes: atMs * bytesPerMs })
  return window
}

describe('rateOf', () => {
  it('reads a steady transfer exactly', () => {
    expect(rateOf(steady(1000, 20_000), 20_000)).toBe(1_000_000)
  })
  it('knows nothing before there is enough to tell', () => {
    expect(rateOf([], 1000)).toBeNull()
    expect(rateOf([{ atMs: 0, bytes: 0 }], 100)).toBeNull()
  })
  it('falls when nothing moves, and ends at zero', () => {
    const window = steady(1000, 5_000)
    expect(rateOf(window, 8_000)).toBeLessThan(1_000_000)
    expect(rateOf(window, 20_000)).toBe(0)
  })
  it('is never below zero, whatever is lost', () => {
    for (const lost of [1, 300_000, 5_000_000]) {
      const window = observe(steady(1000, 5_000), { atMs: 5_100, bytes: 5_000_000 - lost })
      expect(rateOf(window, 5_100)).toBeGreaterThan(0)
      expect(rateOf(window, 20_000)).toBe(0)
    }
    expect(rateOf(observe([{ atMs: 0, bytes: 900 }], { atMs: 1_000, bytes: 0 }), 1_000)).toBe(0)
  })
  it('counts what is sent after a loss, and not what is lost', () => {
    let window = steady(1000, 5_000)
    for (let atMs = 5_100; atMs <= 9_900; atMs += 100) window = observe(window, { atMs, bytes: (atMs - 5_100) * 1000 })
    expect(rateOf(window, 9_900)).toBe(980_000)
  })
  it('forgets what is older than its window', () => {
    expect(steady(1, 60_000).length).toBeLessThan(60)
  })
})

describe('etaOf', () => {
  it('divides what is left by the rate', () => {
    expect(etaOf(1000, 400)).toBe(2.5)
  })
  it('is zero when nothing is left and unknown when nothing moves', () => {
    expect(etaOf(0, null)).toBe(0)
    expect(etaOf(10, 0)).toBeNull()
    expect(etaOf(10, null)).toBeNull()
  })
  it('is unknown while nobody knows how much is left, also when nothing moves', () => {
    expect(etaOf(bytesLeftOf(null, 10), 400)).toBeNull()
    expect(etaOf(bytesLeftOf(null, 0), null)).toBeNull()
    expect(etaOf(bytesLeftOf(1000, 200), 400)).toBe(2)
  })
})

describe('bytesOfCompleted', () => {
  it('is the whole source, with or without a receipt', () => {
    expect(bytesOfCompleted(1000, { size: 1000 })).toBe(1000)
    expect(bytesOfCompleted(1000, null)).toBe(1000)
    expect(bytesOfCompleted(0, null)).toBe(0)
  })
  it('is what the receipt proves when the size was unknown until then', () => {
    expect(bytesOfCompleted(null, { size: 700 })).toBe(700)
    expect(bytesOfCompleted(null, { size: 0 })).toBe(0)
    expect(bytesOfCompleted(null, null)).toBe(0)
  })
})
