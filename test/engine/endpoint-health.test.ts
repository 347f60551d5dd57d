import { describe, expect, it } from 'vitest'
import { loneFailures, manyFailures } from '../../src/core/breaker.js'
import { Failure, type FailureDetails, type FailureKind } from '../../src/core/failure.js'
import { createEndpointHealth, type RequestGrant } from '../../src/engine/capacity/endpoint-health.js'
import type { Logger } from '../../src/ports/logger.js'

const pair = { endpoint: 'https://oss.example', bucket: 'b' }
const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger }

const setup = (concurrency = 16) => {
  let at = 0
  const hints: string[] = []
  const health = createEndpointHealth({
    clock: { monotonic: () => at },
    random: () => 0.5,
    wakeup: { notify: (topic) => void hints.push(topic) },
    logger: silentLogger,
    limits: { baseMs: 500, capMs: 60_000 },
    concurrency: () => concurrency,
  })
  const enter = (): RequestGrant => {
    const admission = health.enter(pair)
    if (admission === null) throw new Error('the pair rests')
    return admission
  }
  const fail = (kind: FailureKind = 'transient', details: FailureDetails = {}, admission = enter()): void => {
    admission.failed(new Failure(kind, 'it failed', details), 1, false)
    admission.leave()
  }
  const succeed = (admission = enter()): void => {
    admission.succeeded()
    admission.leave()
  }
  const open = (): void => {
    for (let failures = 0; failures < manyFailures; failures++) fail()
  }
  const advance = (ms: number): void => {
    at += ms
  }
  return { health, hints, enter, fail, succeed, open, advance }
}

describe('the health of an endpoint', () => {
  it('rests after many failures, lets one probe through, and tells the dispatcher when that succeeds', () => {
    const { health, hints, open, advance, enter, succeed } = setup()
    open()
    expect(health.isResting(pair)).toBe(true)
    expect(health.enter(pair)).toBeNull()
    const [rest] = health.resting()
    advance(rest?.probeAt ?? Number.NaN)
    const probe = enter()
    expect(health.enter(pair)).toBeNull()
    expect(health.resting()).toEqual([{ pair, probeAt: null }])
    expect(hints).toEqual([])
    succeed(probe)
    expect(hints).toEqual(['jobs'])
    expect(health.resting()).toEqual([])
    enter()
  })

  it('concerns one endpoint and bucket only', () => {
    const { health, open } = setup()
    open()
    expect(health.isResting({ ...pair, bucket: 'other' })).toBe(false)
    expect(health.isResting({ ...pair, endpoint: 'https://elsewhere.example' })).toBe(false)
  })

  it('rests for a lone request that fails again and again', () => {
    const { health, enter } = setup()
    const admission = enter()
    admission.failed(new Failure('transient', 'no'), loneFailures - 1, false)
    expect(health.isResting(pair)).toBe(false)
    admission.failed(new Failure('transient', 'no'), loneFailures, false)
    expect(health.isResting(pair)).toBe(true)
  })

  it('lets another probe go at once when one is left without an outcome', () => {
    const { health, open, advance, enter } = setup()
    open()
    advance(1_000)
    enter().leave()
    expect(health.enter(pair)).not.toBeNull()
  })

  it('learns from a late success, after which the old probe is a request like any other', () => {
    const { health, enter, open, advance, succeed, fail } = setup()
    const late = enter()
    open()
    advance(1_000)
    const probe = enter()
    succeed(late)
    expect(health.isResting(pair)).toBe(false)
    fail('transient', {}, probe)
    expect(health.isResting(pair)).toBe(false)
  })

  it.each([
    ['permanent', { status: 403 }],
    ['lost', { status: 404 }],
    ['conflict', { status: 409 }],
    ['credentials', { status: 403 }],
    ['integrity', {}],
  ] as const)('takes a refusal (%s) for the answer of an endpoint that is well', (kind, details) => {
    const { health, open, advance, fail } = setup()
    open()
    advance(1_000)
    fail(kind, details)
    expect(health.isResting(pair)).toBe(false)
    expect(health.healthyAnswers(pair)).toBe(0)
  })

  it.each([
    ['permanent', {}],
    ['permanent', { status: 503 }],
    ['local', {}],
    ['changed', {}],
  ] as const)('learns nothing from a failure (%s, %o) that is not an answer of OSS', (kind, details) => {
    const { health, open, advance, fail } = setup()
    open()
    advance(1_000)
    fail(kind, details)
    expect(health.isResting(pair)).toBe(true)
    expect(health.enter(pair)).not.toBeNull()
  })

  it('halves what may be in flight when OSS asks to slow down, and raises it again by successes', () => {
    const { health, enter, succeed, fail, advance } = setup(16)
    expect(health.limitOf(pair)).toBe(2)
    for (let answers = 0; answers < 20; answers++) succeed()
    expect(health.limitOf(pair)).toBe(16)
    const flying = Array.from({ length: 16 }, enter)
    advance(5)
    for (const admission of flying.slice(0, 3)) fail('throttled', {}, admission)
    expect(health.limitOf(pair)).toBe(8)
    for (let answers = 0; answers < 20; answers++) succeed()
    expect(health.limitOf(pair)).toBe(10)
  })

  it('gives a pair that rested little before it has proved itself again', () => {
    const { health, open, succeed } = setup(16)
    for (let answers = 0; answers < 20; answers++) succeed()
    open()
    expect(health.limitOf(pair)).toBe(2)
  })

  it('gives a pair in which nothing moves little more, until something moves or succeeds', () => {
    const { health, advance, enter, succeed } = setup(16)
    for (let answers = 0; answers < 20; answers++) succeed()
    const slow = enter()
    advance(5_001)
    expect(health.limitOf(pair)).toBe(2)
    slow.moved()
    expect(health.limitOf(pair)).toBe(16)
    advance(5_001)
    succeed()
    expect(health.limitOf(pair)).toBe(16)
  })

  it('takes a request that fails after a long silence for a black hole', () => {
    const { health, enter, advance } = setup()
    const admission = enter()
    advance(60_000)
    admission.failed(new Failure('transient', 'no answer'), 1, false)
    expect(health.isResting(pair)).toBe(true)
  })

  it('can be looked at', () => {
    const { health, enter, open } = setup(4)
    expect(health.snapshot()).toEqual([])
    enter()
    open()
    expect(health.snapshot()).toEqual([{ ...pair, state: 'open', inFlight: 1, limit: 1 }])
  })
})
