import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { JobView } from '../../src/core/job-view.js'
import type { CallInfo } from '../fakes/memory-oss.js'
import { type EngineSetup, partSize, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const setup = (options: Parameters<typeof setupEngine>[0] = {}): EngineSetup => {
  engine = setupEngine(options)
  engine.files.write('/src/small', randomBytes(1000))
  engine.files.write('/src/large', randomBytes(6 * partSize))
  engine.start()
  return engine
}

/** These times are those of the virtual clock, so they measure what waits for what, and not this machine. */
const requestMs = 50
const stallMs = 60_000

const transient = (): Failure => new Failure('transient', 'OSS stumbled', { status: 503 })

/** Says what happens to calls, by bucket and key. Every call that is not hindered takes its time. */
const behave = (hinder: (info: CallInfo) => 'stall' | 'fail' | null): void => {
  engine.oss.faults = {
    async before(info, signal) {
      const what = hinder(info)
      await engine.clock.sleep(what === 'stall' ? stallMs : requestMs, signal)
      if (what !== null) throw transient()
    },
  }
}

const submit = (bucket: string, key: string, size: 'small' | 'large', more = {}): Promise<JobView> =>
  engine.submit({ source: { path: `/src/${size}` }, target: { bucket, key }, ...more })

const submitMany = (bucket: string, count: number): Promise<JobView[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => submit(bucket, `k${i}`, i % 2 === 0 ? 'small' : 'large')))

const settledAll = (jobs: readonly JobView[]): Promise<JobView[]> =>
  Promise.all(jobs.map(({ id }) => engine.settled(id)))

const views = (jobs: readonly JobView[]): Promise<JobView[]> => Promise.all(jobs.map(({ id }) => engine.jobs.get(id)))

const callsTo = (bucket: string): CallInfo[] => engine.oss.calls.filter((info) => info.bucket === bucket)

/** Returns the moments at which calls to a bucket were made. */
const watchCalls = (bucket: string): number[] => {
  const moments: number[] = []
  const { before } = engine.oss.faults
  engine.oss.faults.before = (info, signal) => {
    if (info.bucket === bucket) moments.push(engine.clock.monotonic())
    return before?.(info, signal)
  }
  return moments
}

describe('a black-holed bucket', () => {
  /** Returns how long the healthy jobs take when the dead ones were accepted before them. */
  const healthyMs = async (dead: number): Promise<number> => {
    setup()
    behave(({ bucket }) => (bucket === 'hole' ? 'stall' : null))
    await submitMany('hole', dead)
    const startedAt = engine.clock.monotonic()
    const jobs = await settledAll(await submitMany('healthy', 40))
    expect(jobs.map(({ state }) => state)).toEqual(jobs.map(() => 'completed'))
    return engine.clock.monotonic() - startedAt
  }

  it('slows down the jobs of a healthy one by less than a fifth, however many it has', async () => {
    const alone = await healthyMs(0)
    await engine.end()
    const beside = await healthyMs(60)
    expect(beside).toBeLessThanOrEqual(alone * 1.2)
  })

  it('lets its jobs wait without attempts, is asked ever more rarely, and its jobs complete soon after it is back', async () => {
    setup()
    let dead = true
    behave(({ bucket }) => (dead && bucket === 'hole' ? 'stall' : null))
    const jobs = await submitMany('hole', 30)
    await engine.until(async () => (await views(jobs)).every(({ waiting }) => waiting === 'endpoint'))
    for (const job of await views(jobs)) expect(job).toMatchObject({ state: 'queued', attempts: 0 })
    await engine.clock.sleep(4 * 3_600_000)
    // These are the calls that were in flight when the breaker opened, and then one probe at a time, each of which
    // takes a stall and a wait of half a minute at least.
    expect(callsTo('hole').length).toBeLessThan(20 + (4 * 3_600_000) / (stallMs + 30_000) + 10)
    dead = false
    const backAt = engine.clock.monotonic()
    const done = await settledAll(jobs)
    for (const job of done) expect(job).toMatchObject({ state: 'completed', attempts: 0 })
    // This leaves time for the probe that was stalled or waited for, and then for the work.
    expect(engine.clock.monotonic() - backAt).toBeLessThan(stallMs + 60_000 + 30_000)
  })
})

describe('an outage', () => {
  it('is met by one probe at a time, further and further apart, and claims no jobs in vain', async () => {
    setup()
    let out = true
    let inFlight = 0
    let most = 0
    behave(() => (out ? 'fail' : null))
    const { before } = engine.oss.faults
    engine.oss.faults.before = async (info, signal) => {
      most = Math.max(most, ++inFlight)
      await before?.(info, signal)?.finally(() => inFlight--)
    }
    const jobs = await submitMany('bucket', 20)
    await engine.until(async () => (await views(jobs)).every(({ waiting }) => waiting === 'endpoint'))
    await engine.clock.sleep(1_000)
    most = 0
    const moments = watchCalls('bucket')
    const runsBefore = (await views(jobs)).reduce((sum, { runs }) => sum + runs, 0)
    await engine.clock.sleep(3_600_000)
    expect(most).toBe(1)
    expect(moments.length).toBeLessThan(100)
    const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? 0))
    expect(Math.min(...gaps.slice(10))).toBeGreaterThanOrEqual(30_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(62_000)
    const runs = (await views(jobs)).reduce((sum, job) => sum + job.runs, 0) - runsBefore
    expect(runs).toBeLessThanOrEqual(moments.length + 1)
    out = false
    const done = await settledAll(jobs)
    for (const job of done) expect(job).toMatchObject({ state: 'completed', attempts: 0 })
  })

  it('wakes the waiting jobs of its bucket as soon as the probe succeeds', async () => {
    setup()
    let out = true
    behave(() => (out ? 'fail' : null))
    const jobs = await submitMany('bucket', 12)
    await engine.clock.sleep(600_000)
    const moments = watchCalls('bucket')
    out = false
    await settledAll(jobs)
    const [probedAt = 0] = moments
    expect(engine.clock.monotonic() - probedAt).toBeLessThan(5_000)
  })

  it('starts with short waits again after a success', async () => {
    setup()
    let out = true
    behave(() => (out ? 'fail' : null))
    const jobs = await submitMany('bucket', 3)
    await engine.clock.sleep(3_600_000)
    out = false
    await settledAll(jobs)
    out = true
    const moments = watchCalls('bucket')
    await submit('bucket', 'again', 'small')
    await engine.until(() => moments.length >= 8)
    const gaps = moments.slice(4).map((at, index) => at - (moments[index + 3] ?? 0))
    expect(gaps[0]).toBeLessThan(3_000)
    out = false
  })

  it('does not keep a job from failing at its deadline, nor a cancel that needs no request', async () => {
    setup()
    behave(() => 'fail')
    await submitMany('bucket', 3)
    await engine.clock.sleep(600_000)
    const late = await submit('bucket', 'late', 'small', { notAfter: engine.clock.now() + 5_000 })
    const unwanted = await submit('bucket', 'unwanted', 'small')
    expect((await engine.jobs.get(unwanted.id)).waiting).toBe('endpoint')
    const calls = engine.oss.calls.length
    await engine.jobs.control(unwanted.id, 'cancel', anybody)
    expect(await engine.settled(unwanted.id)).toMatchObject({ state: 'cancelled' })
    expect(await engine.settled(late.id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
    expect(engine.oss.calls.length - calls).toBeLessThanOrEqual(1)
  })

  it('lets a cancel whose upload has to be removed wait, and finish when the endpoint is back', async () => {
    setup()
    let out = false
    behave(({ call }) => (out || call === 'uploadPart' ? 'fail' : null))
    const { id } = await submit('bucket', 'started', 'large')
    await engine.until(() => engine.oss.calls.some(({ call }) => call === 'uploadPart'))
    out = true
    await engine.until(async () => (await engine.jobs.get(id)).waiting === 'endpoint')
    await engine.jobs.control(id, 'cancel', anybody)
    await engine.clock.sleep(3_600_000)
    const { state, runs } = await engine.jobs.get(id)
    expect(state).toBe('cancelling')
    expect(runs).toBeLessThan(100)
    out = false
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled' })
    expect(engine.oss.uploads.size).toBe(0)
  })
})

describe('poison jobs', () => {
  it('beside healthy ones fail by themselves, and slow nobody down by more than a fifth', async () => {
    const run = async (poison: number): Promise<number> => {
      setup()
      behave(({ key }) => (key?.startsWith('poison') ? 'fail' : null))
      const sick = await Promise.all(
        Array.from({ length: poison }, (_, i) => submit('bucket', `poison${i}`, 'small', { priority: 10 })),
      )
      const startedAt = engine.clock.monotonic()
      // The flow is steady, as a bucket in use has it, until the poison has used up its tries.
      const healthy = await submitMany('bucket', 60)
      await settledAll(healthy)
      const elapsed = engine.clock.monotonic() - startedAt
      let ended = poison === 0
      if (poison > 0) void settledAll(sick).then(() => (ended = true))
      for (let i = 0; !ended; i++) {
        const { id } = await submit('bucket', `more${i}`, 'small')
        expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
      }
      for (const job of await views(sick)) {
        expect(job).toMatchObject({ state: 'failed', attempts: 10, error: { code: 'too_many_attempts' } })
      }
      return elapsed
    }
    const alone = await run(0)
    await engine.end()
    expect(await run(4)).toBeLessThanOrEqual(alone * 1.2)
  })

  /**
   * Returns the longest time that a healthy job takes, one every two seconds, in a bucket where so many others fail.
   */
  const slowestHealthyMs = async (options: { idleMs: number; priority: number }): Promise<number> => {
    setup({ slots: 2 })
    behave(({ key }) => (key?.startsWith('poison') ? 'fail' : null))
    for (let i = 0; i < 20; i++) await submit('bucket', `poison${i}`, 'small', { priority: options.priority })
    await engine.clock.sleep(options.idleMs)
    let slowest = 0
    for (let i = 0; i < 60; i++) {
      const startedAt = engine.clock.monotonic()
      const { id } = await submit('bucket', `healthy${i}`, 'small')
      expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
      slowest = Math.max(slowest, engine.clock.monotonic() - startedAt)
      await engine.clock.sleep(2_000)
    }
    return slowest
  }

  it('give their runs to others while they wait for their next try, as many as they are', async () => {
    expect(await slowestHealthyMs({ idleMs: 0, priority: 10 })).toBeLessThan(15_000)
  })

  it.each([10, 0, -10])(
    'of priority %i that were there first hide a healthy bucket for two probes at most',
    async (priority) => {
      expect(await slowestHealthyMs({ idleMs: 30_000, priority })).toBeLessThan(2 * 60_000)
    },
  )

  it('that make an idle bucket look dead do not keep others from showing that it is not', async () => {
    setup()
    behave(({ key }) => (key?.startsWith('poison') ? 'fail' : null))
    for (let i = 0; i < 6; i++) await submit('bucket', `poison${i}`, 'small', { priority: 10 })
    await engine.clock.sleep(3_600_000)
    const { id } = await submit('bucket', 'healthy', 'small')
    const startedAt = engine.clock.monotonic()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect(engine.clock.monotonic() - startedAt).toBeLessThan(70_000)
  })
})

describe('throttling', () => {
  it('lowers what is in flight towards the bucket until OSS is content, and everything completes', async () => {
    setup({ slots: 16 })
    const allowed = 3
    let inFlight = 0
    let refused = 0
    engine.oss.faults = {
      async before(info, signal) {
        inFlight++
        try {
          await engine.clock.sleep(requestMs, signal)
          if (info.call === 'putObject' && inFlight > allowed) {
            refused++
            throw new Failure('throttled', 'SlowDown', { status: 503 })
          }
        } finally {
          inFlight--
        }
      },
    }
    const jobs = await Promise.all(Array.from({ length: 200 }, (_, i) => submit('bucket', `k${i}`, 'small')))
    const done = await settledAll(jobs)
    expect(done.map(({ state }) => state)).toEqual(done.map(() => 'completed'))
    // Without adapting, more than half of all requests would be refused.
    expect(refused).toBeLessThan(jobs.length / 2)
  })
})
