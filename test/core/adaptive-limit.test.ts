import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdaptiveLimit, cutLimit, raiseLimit, slotsOf, startLimit } from '../../src/core/adaptive-limit.js'

const raise = (limit: AdaptiveLimit, times: number, most: number): AdaptiveLimit =>
  Array.from({ length: times }).reduce<AdaptiveLimit>((current) => raiseLimit(current, most), limit)

describe('an adaptive limit', () => {
  it('starts at an eighth of the most, and rises by each success until it was cut', () => {
    expect(slotsOf(startLimit(16))).toBe(2)
    expect(slotsOf(startLimit(1))).toBe(1)
    expect(slotsOf(raise(startLimit(16), 5, 16))).toBe(7)
  })

  it('takes a round of successes to rise by one once it was cut', () => {
    const limit: AdaptiveLimit = { value: 8, cutAt: 0 }
    expect(slotsOf(raise(limit, 8, 16))).toBe(8)
    expect(slotsOf(raise(limit, 9, 16))).toBe(9)
  })

  it('halves what was in flight, once for a round of refusals', () => {
    const full: AdaptiveLimit = { value: 16, cutAt: 0 }
    const once = cutLimit(full, { startedAt: 5, inFlight: 12 }, 10)
    expect(slotsOf(once)).toBe(6)
    expect(cutLimit(once, { startedAt: 9, inFlight: 11 }, 11)).toBe(once)
    expect(slotsOf(cutLimit(once, { startedAt: 11, inFlight: 6 }, 12))).toBe(3)
  })

  it('stays between one and the most, rises only by successes and falls only by refusals', () => {
    const step = fc.record({
      refused: fc.boolean(),
      startedAt: fc.nat(1000),
      inFlight: fc.integer({ min: 1, max: 200 }),
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1024 }), fc.array(step, { maxLength: 200 }), (most, steps) => {
        let limit = startLimit(most)
        for (const [index, met] of steps.entries()) {
          const before = slotsOf(limit)
          limit = met.refused ? cutLimit(limit, met, index * 5) : raiseLimit(limit, most)
          const after = slotsOf(limit)
          expect(after).toBeGreaterThanOrEqual(1)
          expect(after).toBeLessThanOrEqual(most)
          if (met.refused) expect(after).toBeLessThanOrEqual(before)
          else expect(after - before).toBeOneOf([0, 1])
        }
      }),
    )
  })

  it('comes back to the most when refusals stop', () => {
    const cut = cutLimit({ value: 16, cutAt: 0 }, { startedAt: 1, inFlight: 1 }, 2)
    expect(slotsOf(cut)).toBe(1)
    expect(slotsOf(raise(cut, 16 * 17, 16))).toBe(16)
  })
})
