import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { createAdmission } from '../../src/engine/capacity/admission.js'
import type { Pair } from '../../src/engine/capacity/endpoint-health.js'

const endpoint = 'https://oss.example'
const dead: Pair = { endpoint, bucket: 'dead' }
const well: Pair = { endpoint, bucket: 'well' }

const setup = () => {
  const state = { storageFails: false, keys: true, deadRests: false, pausing: false, alone: true, runs: 8 }
  const resting = () => (state.deadRests ? [{ pair: dead, probeAt: 5_000 }] : [])
  const admission = createAdmission({
    storage: { failure: () => (state.storageFails ? new AppError('storage_full', 'No.') : null) },
    keys: { areAtHand: () => state.keys },
    health: {
      resting,
      isResting: ({ bucket }) => state.deadRests && bucket === dead.bucket,
      snapshot: () => [{ ...dead, state: 'open', inFlight: 0, limit: 2 }],
    },
    board: {
      sees: (place) => place === null || place === 'here',
      isAway: (place) => place === 'away',
      isAlone: () => state.alone,
    },
    clock: { monotonic: () => 1_000 },
    isPausingAll: () => state.pausing,
    maxRuns: () => state.runs,
  })
  return { admission, state }
}

describe('admission', () => {
  it('leaves what every node sees to others while it is drained, when there are others', () => {
    const { admission, state } = setup()
    admission.intake.drain()
    expect(admission.nextClaim(0).ownOnly).toBeUndefined()
    state.alone = false
    expect(admission.nextClaim(0).ownOnly).toBe(true)
    admission.intake.reopen()
    expect(admission.nextClaim(0).ownOnly).toBeUndefined()
  })

  it('looks at the node that has to move a job, and not at the keys of this one', () => {
    const { admission, state } = setup()
    const obstacleTo = (place: string | null) =>
      admission.obstacleToJob({ target: { ...well, key: 'k', region: 'r' }, place })
    state.keys = false
    expect([null, 'here', 'elsewhere', 'away'].map(obstacleTo)).toEqual(['credentials', 'credentials', null, 'node'])
    state.storageFails = true
    expect(['elsewhere', 'away'].map(obstacleTo)).toEqual(['storage', 'storage'])
  })

  it('names nothing while nothing is in the way, and lets a claim have its share', () => {
    const { admission } = setup()
    expect(admission.obstacleTo(well)).toBeNull()
    expect(admission.nextClaim(2)).toEqual({ limit: 6, pairLimit: 4, quotas: [] })
    expect(admission.opensInMs()).toBeNull()
  })

  it.each([
    ['storage', { storageFails: true, keys: false, deadRests: true, pausing: true }],
    ['credentials', { keys: false, deadRests: true, pausing: true }],
    ['endpoint', { deadRests: true, pausing: true }],
    ['pausing', { pausing: true }],
  ] as const)('names %s before what comes behind it', (obstacle, changes) => {
    const { admission, state } = setup()
    Object.assign(state, changes)
    expect(admission.obstacleTo(dead)).toBe(obstacle)
  })

  it.each([
    ['a failing database', { storageFails: true }],
    ['missing keys', { keys: false }],
    ['a pause of everything', { pausing: true }],
  ])('lets a claim take only what settles without a request during %s', (_, changes) => {
    const { admission, state } = setup()
    Object.assign(state, changes)
    expect(admission.obstacleTo(well)).not.toBeNull()
    expect(admission.nextClaim(0)).toEqual({ limit: 8, pairLimit: 0 })
  })

  it('keeps a claim from a pair that fails, and only from that one, until a probe is due', () => {
    const { admission, state } = setup()
    state.deadRests = true
    expect(admission.obstacleTo(dead)).toBe('endpoint')
    expect(admission.obstacleTo(well)).toBeNull()
    expect(admission.nextClaim(0)).toMatchObject({ pairLimit: 4, quotas: [{ ...dead, limit: 0 }] })
    expect(admission.opensInMs()).toBe(4_000)
  })

  it('counts the runs under way, and never gives more than one claim may take', () => {
    const { admission, state } = setup()
    admission.begin({ id: 'a', target: { ...well, key: 'k', region: 'r' } })
    expect(admission.nextClaim(1)).toMatchObject({ limit: 7, quotas: [{ ...well, limit: 3 }] })
    expect(admission.freeRuns(9)).toBe(0)
    state.runs = 1_000
    expect(admission.freeRuns(0)).toBe(64)
  })

  it('refuses new work while it drains, and for good once it is closed', () => {
    const { admission } = setup()
    const { intake } = admission
    expect(admission.standing()).toMatchObject({ takesWork: true, hasKeys: true, endpoints: [{ ...dead }] })
    intake.drain()
    expect(intake.refusal()).toMatchObject({ code: 'draining', details: { retryAfterSeconds: 10 } })
    expect(admission.standing().takesWork).toBe(false)
    intake.reopen()
    expect(intake.refusal()).toBeNull()
    intake.close()
    intake.reopen()
    expect(admission.standing().takesWork).toBe(false)
  })
})
