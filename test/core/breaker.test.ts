import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  admit,
  afterFailure,
  afterLostProbe,
  type Breaker,
  type BreakerFailure,
  closedBreaker,
  loneFailures,
  manyFailures,
} from '../../src/core/breaker.js'

const limits = { baseMs: 500, capMs: 60_000 }
const ofMany: BreakerFailure = {
  probe: false,
  inARow: 1,
  suspect: false,
  lastedMs: 50,
  retryAfterMs: null,
}
const ofProbe: BreakerFailure = { ...ofMany, probe: true }

const failTimes = (times: number, failure: (nth: number) => BreakerFailure, from: Breaker = closedBreaker): Breaker =>
  Array.from({ length: times }, (_, index) => failure(index + 1)).reduce(
    (breaker, met) => afterFailure(breaker, met, 0, limits, 0.5),
    from,
  )

/**
 * Returns a breaker after this many failed probes, each of which was made as soon as it was allowed, and the delays
 * that it asked for.
 */
const probed = (times: number, random: number): readonly number[] => {
  let breaker = failTimes(manyFailures, () => ofMany)
  let at = 0
  return Array.from({ length: times }, () => {
    if (breaker.state !== 'open') throw new Error('not open')
    const due = breaker.probeAt
    breaker = afterFailure(admit(breaker, due).breaker, ofProbe, due, limits, random)
    at = due
    return breaker.state === 'open' ? breaker.probeAt - at : Number.NaN
  })
}

describe('a breaker', () => {
  it('opens after many failures of any requests, not before', () => {
    expect(failTimes(manyFailures - 1, () => ofMany)).toEqual({ state: 'closed', failures: manyFailures - 1 })
    expect(failTimes(manyFailures, () => ofMany).state).toBe('open')
  })

  it('opens after fewer failures in a row of one lone request', () => {
    const lone = (nth: number): BreakerFailure => ({ ...ofMany, inARow: nth })
    expect(failTimes(loneFailures - 1, lone).state).toBe('closed')
    expect(failTimes(loneFailures, lone).state).toBe('open')
  })

  it('does not open by requests that failed before while the pair was healthy, unless one fails again and again', () => {
    const suspect: BreakerFailure = { ...ofMany, suspect: true, lastedMs: 25_000 }
    expect(failTimes(100, () => suspect)).toEqual(closedBreaker)
    expect(failTimes(loneFailures, (inARow) => ({ ...suspect, lastedMs: 50, inARow })).state).toBe('open')
  })

  it('takes a long silence for as many failures as it lasted', () => {
    const black = (lastedMs: number): BreakerFailure => ({ ...ofMany, lastedMs })
    expect(failTimes(1, () => black(29_999)).state).toBe('closed')
    expect(failTimes(1, () => black(30_000)).state).toBe('open')
    // Something healthy came while the failure lasted, so it was one failure of many, for all its length.
    expect(failTimes(1, () => ({ ...black(60_000), inARow: 0 })).state).toBe('closed')
    expect(failTimes(2, () => ({ ...black(60_000), inARow: 0 })).state).toBe('open')
  })

  it('lets nobody send while open, then one probe and nobody beside it', () => {
    const open = failTimes(manyFailures, () => ofMany)
    if (open.state !== 'open') throw new Error('not open')
    expect(admit(open, open.probeAt - 1)).toEqual({ breaker: open, grant: 'rest' })
    const first = admit(open, open.probeAt)
    expect(first.grant).toBe('probe')
    expect(admit(first.breaker, open.probeAt + 1e9)).toEqual({ breaker: first.breaker, grant: 'rest' })
  })

  it('lets everybody send while closed', () => {
    expect(admit({ state: 'closed', failures: 3 }, 0).grant).toBe('send')
  })

  it('waits longer after each failed probe, up to a minute, and never less than half of that', () => {
    expect(probed(9, 0)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    for (const delay of probed(20, 0.999)) expect(delay).toBeLessThanOrEqual(60_000)
  })

  it('waits as long as the server asked for, within the cap', () => {
    const asking = (retryAfterMs: number): Breaker => failTimes(manyFailures, () => ({ ...ofMany, retryAfterMs }))
    expect(asking(20_000)).toMatchObject({ probeAt: 20_000 })
    expect(asking(1e9)).toMatchObject({ probeAt: 60_000 })
  })

  it('learns nothing from requests that were under way when it opened', () => {
    const open = failTimes(manyFailures, () => ofMany)
    expect(afterFailure(open, ofMany, 99, limits, 0.5)).toBe(open)
    const { breaker: halfOpen } = admit(open, 1e6)
    expect(afterFailure(halfOpen, ofMany, 99, limits, 0.5)).toBe(halfOpen)
  })

  it('lets the next probe go at once when one ended without an answer, and waits no shorter for it afterwards', () => {
    const open = afterFailure({ state: 'halfOpen', failedProbes: 4 }, ofProbe, 0, limits, 0)
    const lost = afterLostProbe(admit(open, 1e6).breaker, 1e6)
    expect(lost).toEqual({ state: 'open', failedProbes: 5, probeAt: 1e6 })
    expect(afterLostProbe(closedBreaker, 5)).toBe(closedBreaker)
  })

  it('whatever happens, has at most one probe under way and sends nothing else until something healthy came', () => {
    const happening = fc.oneof(
      fc.record({ what: fc.constant('ask' as const), afterMs: fc.nat(5_000) }),
      fc.record({ what: fc.constantFrom('fail', 'heal', 'lose'), which: fc.nat(30) }),
    )
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 120 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (all, random) => {
          let breaker: Breaker = closedBreaker
          let at = 0
          let flying: { probe: boolean }[] = []
          let failuresInARow = 0
          for (const step of all) {
            if (step.what === 'ask') {
              at += step.afterMs
              const asked = admit(breaker, at)
              if (breaker.state === 'open') expect(asked.grant).toBe(at >= breaker.probeAt ? 'probe' : 'rest')
              breaker = asked.breaker
              if (asked.grant !== 'rest') flying.push({ probe: asked.grant === 'probe' })
            } else {
              const ended = flying[step.which % Math.max(1, flying.length)]
              if (ended === undefined) continue
              flying = flying.filter((request) => request !== ended)
              const before = breaker
              if (step.what === 'heal') {
                breaker = closedBreaker
                failuresInARow = 0
                // The probe of a breaker that something else has closed is a request like any other.
                flying = flying.map(() => ({ probe: false }))
              } else if (step.what === 'lose') {
                if (ended.probe) breaker = afterLostProbe(breaker, at)
              } else {
                failuresInARow++
                breaker = afterFailure(breaker, { ...ofMany, ...ended }, at, limits, random)
                if (before.state === 'closed')
                  expect(breaker.state).toBe(failuresInARow >= manyFailures ? 'open' : 'closed')
              }
            }
            expect(flying.filter(({ probe }) => probe).length).toBe(breaker.state === 'halfOpen' ? 1 : 0)
            if (breaker.state === 'open') expect(breaker.probeAt - at).toBeLessThanOrEqual(limits.capMs)
          }
        },
      ),
    )
  })
})
