import { describe, expect, it } from 'vitest'
import { restMsAfter } from '../../src/engine/feed/round-pace.js'

describe('the rest between two rounds of telling', () => {
  it.each([
    ['nobody was told', 0, 0, 0],
    ['a few were told', 19, 50, 0],
    ['a cheap round', 2_000, 1, 100],
    ['a round of usual cost', 2_000, 26, 182],
    ['a round on a busy machine', 2_000, 150, 240],
    ['a round for as many as may connect', 8_192, 160, 8_192 * 0.12],
    ['a round for more than that', 20_000, 400, 1_000],
  ])('after %s', (_name, handed, tookMs, restMs) => {
    expect(restMsAfter({ handed, tookMs })).toBeCloseTo(restMs, 6)
  })
})
