import { describe, expect, it } from 'vitest'
import { newBatchId, newJobId, newMarker } from '../../src/daemon/identity.js'

/** So many need several blocks of random bytes. */
const many = Array.from({ length: 2_000 })

describe('ids and markers', () => {
  it.each([
    ['jobs', newJobId, /^[0-9a-z]{9}[0-9a-f]{20}$/, 9],
    ['batches', newBatchId, /^b-[0-9a-z]{9}[0-9a-f]{20}$/, 11],
    ['objects', newMarker, /^[0-9a-f]{32}$/, 0],
  ])('of %s are all of one form, and no random part comes twice', (_what, make, form, behind) => {
    const all = many.map(() => make())
    for (const one of all) expect(one).toMatch(form)
    expect(new Set(all.map((one) => one.slice(behind))).size).toBe(many.length)
  })
})
