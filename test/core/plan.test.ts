import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  maxObjectSize,
  maxPartSize,
  maxParts,
  minPartSize,
  modeFor,
  partOf,
  partSizeFor,
  partsOf,
  planParts,
} from '../../src/core/plan.js'

const mib = 1024 * 1024
const preference = fc.integer({ min: 1, max: maxPartSize })

describe('modeFor', () => {
  it('puts what lies below the threshold, and sends the rest in parts', () => {
    expect(modeFor(0, 100)).toBe('put')
    expect(modeFor(99, 100)).toBe('put')
    expect(modeFor(100, 100)).toBe('multipart')
  })

  it('sends in parts what has no known size, however high the threshold is', () => {
    expect(modeFor(null, Number.MAX_SAFE_INTEGER)).toBe('multipart')
  })
})

describe('partSizeFor', () => {
  it('takes the preferred size for a source of unknown size, within the bounds of OSS', () => {
    expect(partSizeFor(null, 10 * mib)).toBe(10 * mib)
    expect(partSizeFor(null, 1)).toBeGreaterThanOrEqual(minPartSize)
    expect(partSizeFor(null, 2 * maxPartSize)).toBe(maxPartSize)
  })

  it('gives a source of unknown size the parts that it has once its size is known and 10,000 of them hold it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxObjectSize }), preference, (size, preferred) => {
        const unknown = partSizeFor(null, preferred)
        const known = planParts(size, preferred).partSize
        if (unknown * maxParts >= size) expect(known).toBe(unknown)
        else expect(known).toBeGreaterThan(unknown)
      }),
    )
  })
})

describe('planParts', () => {
  it('keeps the preferred size while 10,000 parts hold the file', () => {
    expect(planParts(100 * mib, 10 * mib)).toEqual({ size: 100 * mib, partSize: 10 * mib, partCount: 10 })
    expect(planParts(100_000 * mib, 10 * mib).partSize).toBe(10 * mib)
    expect(planParts(100_000 * mib, 10 * mib).partCount).toBe(maxParts)
  })

  it('doubles the preferred size until 10,000 parts hold the file', () => {
    expect(planParts(100_000 * mib + 1, 10 * mib).partSize).toBe(20 * mib)
    expect(planParts(maxObjectSize, 10 * mib)).toEqual({
      size: maxObjectSize,
      partSize: maxPartSize,
      partCount: maxParts,
    })
  })

  it('raises a size that OSS would refuse', () => {
    expect(planParts(mib, 1).partSize).toBeGreaterThanOrEqual(minPartSize)
  })

  it('makes one part of an empty file', () => {
    expect(partsOf(planParts(0, mib))).toEqual([{ partNumber: 1, offset: 0, size: 0 }])
  })

  it('stays within the limits of OSS for any size and preference', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: maxObjectSize }), preference, (size, preferred) => {
        const { partSize, partCount } = planParts(size, preferred)
        expect(partCount).toBeLessThanOrEqual(maxParts)
        expect(partSize).toBeGreaterThanOrEqual(minPartSize)
        expect(partSize).toBeLessThanOrEqual(maxPartSize)
      }),
    )
  })

  it('tiles the file exactly for any size and preference', () => {
    const size = fc.integer({ min: 1, max: 5_000 * minPartSize })
    fc.assert(
      fc.property(size, fc.integer({ min: minPartSize, max: 10 * mib }), (total, preferred) => {
        const plan = planParts(total, preferred)
        let end = 0
        for (const part of partsOf(plan)) {
          expect(part.offset).toBe(end)
          expect(part.size).toBeGreaterThan(0)
          if (part.partNumber < plan.partCount) expect(part.size).toBe(plan.partSize)
          end += part.size
        }
        expect(end).toBe(total)
      }),
      { numRuns: 50 },
    )
  })

  it('tiles the borders of huge files too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxObjectSize }), preference, (size, preferred) => {
        const plan = planParts(size, preferred)
        const last = partOf(plan, plan.partCount)
        expect(last.offset + last.size).toBe(size)
        expect(last.size).toBeGreaterThan(0)
      }),
    )
  })
})
