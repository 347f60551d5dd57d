import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { createIntake } from '../../src/engine/capacity/intake.js'
import { createDrain } from '../../src/engine/use-cases/drain.js'
import { createWaits, type WaitFilter } from '../../src/engine/use-cases/waits.js'
import type { Store } from '../../src/ports/store.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { jobRequest, leaseMs, node, receipt } from '../contract/store-setup.js'
import { endWalk, extendBatch } from '../contract/store-walk.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock, type VirtualClock } from '../fakes/virtual-clock.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

let clock: VirtualClock
afterEach(() => clock.stop())

const setup = () => {
  clock = createVirtualClock()
  const wakeup = createLocalWakeup()
  const counts: Partial<Record<keyof Store, number>> = {}
  const store = createMemoryStore({
    clock,
    wakeup,
    before: (operation) => {
      counts[operation] = (counts[operation] ?? 0) + 1
    },
  })
  const complete = async (): Promise<string> => {
    const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
    if (claim === undefined) throw new Error('nothing is ready')
    await store.finish(claim.lease, { to: 'completed', outcome: 'uploaded', receipt })
    return claim.job.id
  }
  const submit = (id: string, labels: Record<string, string> = {}) => store.submit(jobRequest(id, { labels }), null)
  return { store, counts, waits: createWaits({ store, wakeup, clock }), complete, submit }
}

const never = new AbortController().signal
const run1 = { labels: [{ key: 'run', value: '1' }] }

describe('wait', () => {
  it('answers at once, with zeros, when nothing matches', async () => {
    const { waits, submit } = setup()
    await submit('a', { run: '2' })
    const zeros = { pending: 0, completed: 0, failed: 0, cancelled: 0 }
    expect(await waits.wait(run1, 60_000, never)).toEqual({ done: true, counts: zeros })
  })

  it('answers when the last one that matches is settled, those that came meanwhile too', async () => {
    const { waits, submit, complete } = setup()
    for (const id of ['a', 'b']) await submit(id, { run: '1' })
    const waiting = waits.wait(run1, 3_600_000, never)
    await complete()
    await submit('c', { run: '1' })
    await complete()
    await complete()
    expect(await waiting).toEqual({ done: true, counts: { pending: 0, completed: 3, failed: 0, cancelled: 0 } })
  })

  it('counts paused jobs and those not yet due as pending, and answers at the timeout', async () => {
    const { store, waits, submit } = setup()
    await submit('a')
    await store.submit(jobRequest('b', { dueAt: clock.now() + 86_400_000 }), null)
    await store.control('a', { verb: 'pause' })
    const startedAt = clock.monotonic()
    const counts = { pending: 2, completed: 0, failed: 0, cancelled: 0 }
    expect(await waits.wait({}, 20_000, never)).toEqual({ done: false, counts })
    expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual(20_000)
    expect(await waits.wait({ ids: ['a'] }, 0, never)).toMatchObject({ done: false, counts: { pending: 1 } })
  })

  it('counts without a filter what is not settled when it begins and what comes after, and more since an instant', async () => {
    const { waits, submit, complete } = setup()
    await submit('old')
    await complete()
    const beforeIt = clock.now()
    await clock.sleep(5000, never)
    expect((await waits.wait({}, 0, never)).counts).toMatchObject({ pending: 0, completed: 0 })
    await submit('open')
    const waiting = waits.wait({}, 3_600_000, never)
    await complete()
    expect(await waiting).toMatchObject({ done: true, counts: { completed: 1 } })
    await clock.sleep(5000, never)
    const completed = async (filter: WaitFilter) => (await waits.wait(filter, 0, never)).counts.completed
    expect(await completed({})).toBe(0)
    expect(await completed({ since: { at: beforeIt } })).toBe(2)
    expect(await completed({ since: { agoMs: 7000 } })).toBe(1)
    expect(await completed({ since: { agoMs: 3_600_000 } })).toBe(2)
  })

  it('tells what settles while the wall clock is set back', async () => {
    const { waits, submit, complete } = setup()
    await submit('open')
    const waiting = waits.wait({}, 3_600_000, never)
    clock.jump(-600_000)
    await complete()
    expect(await waiting).toMatchObject({ done: true, counts: { completed: 1 } })
  })

  it('ends when its signal does', async () => {
    const { waits, submit } = setup()
    await submit('a')
    expect(await waits.wait({}, 3_600_000, AbortSignal.abort())).toMatchObject({ done: false })
  })

  it('does not know ids that nobody gave', async () => {
    const { waits, submit } = setup()
    await submit('a')
    await expect(waits.wait({ ids: ['a', 'x'] }, 0, never)).rejects.toMatchObject({ code: 'job_not_found' })
    await expect(waits.wait({ batchId: 'x' }, 0, never)).rejects.toMatchObject({ code: 'batch_not_found' })
  })

  it('counts a batch that may still make matching jobs as pending, and waits for its jobs', async () => {
    const { store, waits, complete } = setup()
    const template = batchRequest('b-1').template
    await store.submitBatch(batchRequest('b-1', { template: { ...template, labels: { run: '1' } } }), [], null)
    for (const filter of [{}, { batchId: 'b-1' }, run1]) {
      expect(await waits.wait(filter, 0, never)).toMatchObject({ done: false, counts: { pending: 1 } })
    }
    for (const filter of [{ labels: [{ key: 'run', value: '2' }] }, { bucket: 'other' }]) {
      expect(await waits.wait(filter, 0, never)).toMatchObject({ done: true })
    }
    const waiting = waits.wait({ batchId: 'b-1' }, 3_600_000, never)
    const jobs = [jobRequest('a', { batchId: 'b-1' })]
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    await endWalk(store, 'b-1')
    await complete()
    expect(await waiting).toEqual({ done: true, counts: { pending: 0, completed: 1, failed: 0, cancelled: 0 } })
  })

  it('counts jobs of a batch that were deleted, as its totals do', async () => {
    const { store, waits, complete } = setup()
    await store.submitBatch(batchRequest('b-1'), [], null)
    const jobs = ['a', 'b'].map((id) =>
      jobRequest(id, { batchId: 'b-1', target: { ...jobRequest(id).target, key: id } }),
    )
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    await endWalk(store, 'b-1')
    await complete()
    await store.remove('a')
    const counts = { pending: 1, completed: 1, failed: 0, cancelled: 0 }
    expect(await waits.wait({ batchId: 'b-1' }, 0, never)).toEqual({ done: false, counts })
    await complete()
    const all = { pending: 0, completed: 2, failed: 0, cancelled: 0 }
    expect(await waits.wait({ batchId: 'b-1' }, 0, never)).toEqual({ done: true, counts: all })
  })

  it('does not count again while one job is known to be pending', async () => {
    const { waits, submit, complete, counts } = setup()
    for (let i = 0; i < 50; i++) await submit(`job-${i}`, { run: '1' })
    const waiting = waits.wait(run1, 3_600_000, never)
    for (let i = 0; i < 50; i++) {
      await complete()
      await new Promise(setImmediate)
    }
    expect((await waiting).counts.completed).toBe(50)
    expect(counts.countJobs).toBe(2)
  })
})

describe('drain', () => {
  let engine: EngineSetup
  afterEach(() => engine.end())

  it('finishes what is being taken when it begins, and refuses what comes later', async () => {
    engine = setupEngine()
    clock = engine.clock
    engine.files.write(path, randomBytes(3 * partSize))
    const wakeup = createLocalWakeup()
    const drain = createDrain({
      waits: createWaits({ store: engine.store, wakeup, clock: engine.clock }),
      intake: createIntake(),
      board: { node: 'node', isAlone: () => true },
      clock: engine.clock,
    })
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    const taken = drain.admit(async () => {
      await opened
      return engine.submit()
    })
    const draining = drain.begin(3_600_000, null, never)
    await expect(drain.admit(() => engine.submit())).rejects.toMatchObject({ code: 'draining' })
    open()
    await taken
    engine.start()
    expect(await draining).toEqual({ done: true, counts: { pending: 0, completed: 1, failed: 0, cancelled: 0 } })
    // A second drain counts from when the first drain began.
    await engine.clock.sleep(60_000, never)
    expect((await drain.begin(0, null, never)).counts.completed).toBe(1)
    drain.undo()
    expect((await drain.admit(() => engine.submit())).state).toBe('queued')
    drain.close()
    drain.undo()
    expect(drain.refusal()).toMatchObject({ code: 'draining' })
  })
})
