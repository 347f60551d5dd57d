import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { SubmitRequest } from '../../src/engine/use-cases/jobs.js'
import type { CallInfo } from '../fakes/memory-oss.js'
import { type EngineSetup, setupEngine } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const setup = (options: Parameters<typeof setupEngine>[0] = {}): EngineSetup => {
  engine = setupEngine({ together: true, ...options })
  return engine
}

/** Makes a file of its own for each name and submits it. Returns the ids. */
const submitAll = async (
  names: readonly string[],
  more: (name: string) => Partial<SubmitRequest> = () => ({}),
): Promise<readonly string[]> => {
  const ids: string[] = []
  for (const name of names) {
    engine.files.write(`/src/${name}`, randomBytes(100 + names.indexOf(name)))
    const request = { source: { path: `/src/${name}` }, target: { bucket: 'bucket', key: name }, ...more(name) }
    ids.push((await engine.submit(request)).id)
  }
  return ids
}

const numbered = (count: number, name = 'f'): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`)

const puts = (): readonly string[] =>
  engine.oss.calls.filter(({ call }) => call === 'putObject').map(({ key }) => key ?? '')

const statesOf = async (ids: readonly string[]): Promise<readonly string[]> =>
  Promise.all(ids.map(async (id) => (await engine.jobs.get(id)).state))

/** Holds every put until `release` is called, and counts those that are in flight. */
const holdPuts = () => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const flight = { now: 0, most: 0 }
  engine.oss.faults = {
    async before({ call }: CallInfo) {
      if (call !== 'putObject') return
      flight.now++
      flight.most = Math.max(flight.most, flight.now)
      await released
      flight.now--
    },
  }
  return { release: () => release(), flight }
}

describe('small files that are sent together', () => {
  it('are completed with a receipt each, without one run of their own', async () => {
    setup()
    const ids = await submitAll(numbered(300))
    engine.start()
    for (const id of ids) {
      expect(await engine.settled(id)).toMatchObject({ state: 'completed', runs: 1, receipt: { proof: 'object' } })
    }
    expect([...puts()].sort()).toEqual([...numbered(300)].sort())
    expect(engine.logs.filter((line) => line.includes('A run begins'))).toEqual([])
  })

  it('have no more in flight than there are slots', async () => {
    setup({ slots: 3 })
    const ids = await submitAll(numbered(60))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    held.release()
    for (const id of ids) await engine.settled(id)
    expect(held.flight.most).toBeLessThanOrEqual(3)
  })

  it('go by priority, then by age', async () => {
    setup({ slots: 1 })
    const names = numbered(12)
    const ids = await submitAll(names, (name) => ({ priority: Number(name.slice(1)) % 3 }))
    engine.start()
    for (const id of ids) await engine.settled(id)
    const priorities = puts().map((name) => Number(name.slice(1)) % 3)
    expect(priorities).toEqual([...priorities].sort((a, b) => b - a))
  })

  it('follow a priority that changes before their turn', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(20))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    await engine.jobs.change(ids.at(-1) as string, { priority: 10 }, null, anybody)
    held.release()
    for (const id of ids) await engine.settled(id)
    expect(puts().indexOf('f19')).toBeLessThanOrEqual(4)
  })

  it('are paused before their turn, and sent once when they are resumed', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(20))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    for (const id of ids) await engine.jobs.control(id, 'pause', anybody)
    held.release()
    await engine.until(async () => (await statesOf(ids)).every((state) => state === 'paused' || state === 'completed'))
    const sent = puts().length
    expect(sent).toBeLessThanOrEqual(4)
    const paused = await statesOf(ids)
    for (const [i, id] of ids.entries()) if (paused[i] === 'paused') await engine.jobs.control(id, 'resume', anybody)
    for (const id of ids) expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect(puts()).toHaveLength(20)
  })

  it('are cancelled before their turn without a request', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(20))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    for (const id of ids) await engine.jobs.control(id, 'cancel', anybody)
    held.release()
    await engine.until(async () => (await statesOf(ids)).every((state) => ['cancelled', 'completed'].includes(state)))
    expect(puts().length).toBeLessThanOrEqual(4)
  })

  it('go on by themselves when their pace or deadline is set before their turn', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(20))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    const last = ids.at(-1) as string
    await engine.jobs.change(last, { bandwidth: 1024 * 1024 }, null, anybody)
    await engine.until(() => engine.logs.some((line) => line.includes('A run begins')))
    held.release()
    for (const id of ids) expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
  })

  it('wait out an outage like other jobs, without an attempt and without an object that is missing', async () => {
    setup()
    const ids = await submitAll(numbered(100))
    let isDown = true
    engine.oss.faults = {
      before: () => {
        if (isDown) throw new Failure('transient', 'no connection', { unsent: true })
      },
    }
    engine.start()
    await engine.until(() => engine.logs.some((line) => line.includes('The endpoint fails')))
    await engine.clock.sleep(600_000)
    isDown = false
    for (const id of ids) expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(engine.oss.objects.size).toBe(100)
  })

  it('ask OSS first when an answer was lost, and are not sent again', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(9))
    engine.oss.faults = {
      after: ({ call, key }) => {
        if (call === 'putObject' && key === 'f4') throw new Failure('transient', 'the answer is lost')
      },
    }
    engine.start()
    for (const id of ids) expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(puts()).toHaveLength(9)
    expect(engine.oss.calls.filter(({ call }) => call === 'head').map(({ key }) => key)).toEqual(['f4'])
  })

  it('end as a file alone does that changed before its turn', async () => {
    setup({ slots: 1 })
    const ids = await submitAll(numbered(8))
    engine.files.write('/src/f5', randomBytes(50))
    engine.files.files.delete('/src/f6')
    engine.start()
    const ends = []
    for (const id of ids) ends.push(await engine.settled(id))
    expect(ends.map(({ state }) => state)).toEqual([...Array(5).fill('completed'), 'failed', 'failed', 'completed'])
    expect(ends[5]).toMatchObject({ error: { code: 'source_changed' } })
    expect(ends[6]).toMatchObject({ error: { code: 'source_missing' } })
  })

  it('are given back when the daemon stops, and what was in flight is committed', async () => {
    setup({ slots: 2 })
    const ids = await submitAll(numbered(40))
    const held = holdPuts()
    engine.start()
    await engine.until(() => held.flight.now === 1)
    const stopping = engine.stop()
    held.release()
    await stopping
    const sent = puts().length
    expect(sent).toBeLessThanOrEqual(8)
    const states = await Promise.all(ids.map(async (id) => (await engine.store.get(id))?.state))
    expect(states.filter((state) => state === 'completed')).toHaveLength(sent)
    expect(states.filter((state) => state === 'queued')).toHaveLength(40 - sent)
    engine.oss.faults = {}
    engine.start()
    for (const id of ids) expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    expect(puts()).toHaveLength(40)
  })

  it('leave slots to a job of many parts', async () => {
    setup({ slots: 2 })
    engine.files.write('/src/large', randomBytes(500_000))
    const ids = await submitAll(numbered(200))
    const large = { source: { path: '/src/large' }, target: { bucket: 'bucket', key: 'large' } }
    const { id } = await engine.submit(large)
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
    const before = puts().length
    for (const one of ids) await engine.settled(one)
    expect(before).toBeLessThan(200)
  })
})
