import { describe, expect, it } from 'vitest'
import { createClaimQuotas } from '../../src/engine/capacity/claim-quotas.js'
import type { Pair } from '../../src/engine/capacity/endpoint-health.js'

const endpoint = 'https://oss.example'
const target = (bucket: string) => ({ endpoint, bucket, key: 'k', region: 'r' })
const dead: Pair = { endpoint, bucket: 'dead' }

const setup = (maxRuns = 8) => {
  let at = 1_000
  let resting: { pair: Pair; probeAt: number | null }[] = []
  const quotas = createClaimQuotas({
    health: {
      resting: () => resting,
      isResting: ({ bucket }) => resting.some(({ pair }) => pair.bucket === bucket),
    },
    clock: { monotonic: () => at },
    maxRuns: () => maxRuns,
  })
  return {
    quotas,
    rest: (probeAt: number | null) => {
      resting = [{ pair: dead, probeAt }]
    },
    recover: () => {
      resting = []
    },
    advance: (ms: number) => {
      at += ms
    },
    begin: (id: string, bucket: string) => quotas.begin({ id, target: target(bucket) }),
    quotaOf: (bucket: string) => quotas.next().quotas.find((quota) => quota.bucket === bucket) ?? null,
  }
}

describe('the quotas of a claim', () => {
  it('are at most half for one pair', () => {
    const { quotas, begin, quotaOf } = setup(8)
    expect(quotas.next()).toEqual({ pairLimit: 4, quotas: [] })
    const ends = ['1', '2', '3', '4', '5'].map((id) => begin(id, 'busy'))
    expect(quotaOf('busy')).toMatchObject({ limit: 0 })
    for (const end of ends.slice(0, 3)) end()
    expect(quotaOf('busy')).toMatchObject({ limit: 2 })
    for (const end of ends.slice(3)) end()
    expect(quotaOf('busy')).toBeNull()
    expect(createClaimQuotas({ ...setupDeps(), maxRuns: () => 1 }).next().pairLimit).toBe(1)
  })

  it('are none for a pair that rests until its probe is due, then one', () => {
    const { quotas, rest, advance, quotaOf } = setup()
    rest(3_000)
    expect(quotaOf('dead')).toMatchObject({ limit: 0 })
    expect(quotas.probeInMs()).toBe(2_000)
    advance(2_000)
    expect(quotaOf('dead')).toMatchObject({ limit: 1 })
    expect(quotas.probeInMs()).toBeNull()
    rest(null)
    expect(quotaOf('dead')).toMatchObject({ limit: 0 })
    expect(quotas.probeInMs()).toBeNull()
  })

  it('send out no second prober while the first may still ask, unless its run ends', () => {
    const { rest, begin, quotaOf, advance } = setup()
    rest(1_000)
    const end = begin('a', 'dead')
    expect(quotaOf('dead')).toMatchObject({ limit: 0 })
    end()
    expect(quotaOf('dead')).toEqual({ ...dead, limit: 1, last: ['a'], reversed: true, putsAreRuns: true })
    begin('b', 'dead')
    advance(4_999)
    expect(quotaOf('dead')).toMatchObject({ limit: 0 })
    advance(1)
    expect(quotaOf('dead')).toEqual({ ...dead, limit: 1, last: ['a', 'b'], reversed: false, putsAreRuns: true })
  })

  it('let those who probed before come last, the one whose turn is longest ago before the others', () => {
    const { rest, recover, begin, quotaOf } = setup()
    rest(1_000)
    for (const id of ['a', 'b', 'c', 'a']) begin(id, 'dead')()
    expect(quotaOf('dead')?.last).toEqual(['b', 'c', 'a'])
    recover()
    expect(quotaOf('dead')).toBeNull()
    rest(1_000)
    expect(quotaOf('dead')?.last).toEqual([])
  })

  it('remember a bounded number of probers', () => {
    const { rest, begin, quotaOf } = setup()
    rest(1_000)
    for (let id = 0; id < 250; id++) begin(`${id}`, 'dead')()
    expect(quotaOf('dead')?.last).toEqual(Array.from({ length: 100 }, (_, index) => `${150 + index}`))
  })
})

const setupDeps = () => ({ health: { resting: () => [], isResting: () => false }, clock: { monotonic: () => 0 } })
