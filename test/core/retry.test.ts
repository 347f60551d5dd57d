import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureKinds } from '../../src/core/failure.js'
import { decideRetry, freshRetryCount, fullJitter, type RetryCount } from '../../src/core/retry.js'

const limits = { maxAttempts: 10, baseMs: 500, capMs: 60_000 }
const healthy = { retryAfterMs: null, healthySince: true }
const silent = { retryAfterMs: null, healthySince: false }

const repeat = (times: number, met: Parameters<typeof decideRetry>[1]) => {
  let retryCount: RetryCount = freshRetryCount()
  let decision: ReturnType<typeof decideRetry>['decision'] = { act: 'hand_back' }
  for (let i = 0; i < times; i++) ({ retryCount, decision } = decideRetry(retryCount, met, limits, 0.5))
  return { retryCount, decision }
}

describe('decideRetry', () => {
  it('fails a request after as many charged tries as the limit says, not before', () => {
    expect(repeat(9, { kind: 'transient', ...healthy }).decision.act).toBe('retry')
    expect(repeat(10, { kind: 'transient', ...healthy }).decision).toEqual({ act: 'fail', code: 'too_many_attempts' })
  })

  it('charges nothing and gives up nothing while the endpoint is silent, and counts the silence', () => {
    const { retryCount, decision } = repeat(1000, { kind: 'transient', ...silent })
    expect(retryCount).toMatchObject({ charged: 0, silent: 1000 })
    expect(decision.act).toBe('retry')
    expect(decideRetry(retryCount, { kind: 'transient', ...healthy }, limits, 0.5).retryCount.silent).toBe(0)
  })

  it('fails after three integrity failures in a row, but not when another failure came between', () => {
    expect(repeat(2, { kind: 'integrity', ...healthy }).decision.act).toBe('retry')
    expect(repeat(3, { kind: 'integrity', ...healthy }).decision).toEqual({ act: 'fail', code: 'integrity' })
    const { retryCount } = repeat(2, { kind: 'integrity', ...healthy })
    const between = decideRetry(retryCount, { kind: 'transient', ...healthy }, limits, 0.5).retryCount
    expect(decideRetry(between, { kind: 'integrity', ...healthy }, limits, 0.5).decision.act).toBe('retry')
  })

  it('gives up reading a source after three errors', () => {
    expect(repeat(2, { kind: 'local', ...healthy }).decision.act).toBe('retry')
    expect(repeat(3, { kind: 'local', ...healthy }).decision).toEqual({ act: 'fail', code: 'source_unreadable' })
  })

  it('waits for credentials without charging', () => {
    const { retryCount, decision } = repeat(1, { kind: 'credentials', ...healthy })
    expect(decision).toEqual({ act: 'yield', waiting: 'credentials' })
    expect(retryCount.charged).toBe(0)
  })

  it('waits for a source that does not answer, without charging', () => {
    const { retryCount, decision } = repeat(1, { kind: 'stalled', ...healthy })
    expect(decision).toEqual({ act: 'yield', waiting: 'source', delayMs: 15_000 })
    expect(retryCount.charged).toBe(0)
  })

  it.each(['ambiguous', 'changed', 'conflict', 'lost', 'permanent'] as const)('hands %s back to who knows', (kind) => {
    expect(repeat(1, { kind, ...healthy }).decision).toEqual({ act: 'hand_back' })
  })

  it('never waits less than the server asked for, nor longer than the cap', () => {
    const asked = decideRetry(
      freshRetryCount(),
      { kind: 'throttled', retryAfterMs: 7_000, healthySince: true },
      limits,
      0,
    )
    expect(asked.decision).toEqual({ act: 'retry', delayMs: 7_000 })
    const tooLong = decideRetry(
      freshRetryCount(),
      { kind: 'throttled', retryAfterMs: 1e9, healthySince: true },
      limits,
      0,
    )
    expect(tooLong.decision).toEqual({ act: 'retry', delayMs: 60_000 })
  })

  it('is total, bounded, and never lets a retryCount shrink', () => {
    const tries = fc.array(
      fc.record({
        kind: fc.constantFrom(...failureKinds),
        healthySince: fc.boolean(),
        random: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(tries, (met) => {
        let retryCount = freshRetryCount()
        for (const { kind, healthySince, random } of met) {
          const next = decideRetry(retryCount, { kind, healthySince, retryAfterMs: null }, limits, random)
          expect(next.retryCount.charged).toBeGreaterThanOrEqual(retryCount.charged)
          expect(next.retryCount.failures).toBe(retryCount.failures + 1)
          if (next.decision.act === 'retry') {
            expect(next.decision.delayMs).toBeLessThanOrEqual(limits.capMs)
            expect(next.retryCount.charged).toBeLessThan(limits.maxAttempts)
          }
          retryCount = next.retryCount
        }
      }),
    )
  })
})

describe('fullJitter', () => {
  it('lies between nothing and the exponential bound', () => {
    expect(fullJitter(1, limits, 0)).toBe(0)
    expect(fullJitter(1, limits, 0.999)).toBeLessThanOrEqual(1000)
    expect(fullJitter(1000, limits, 0.999)).toBeLessThanOrEqual(60_000)
  })
})
