import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import { createStorageGate } from '../../src/engine/storage/storage-gate.js'
import { wrapMethods } from '../../src/engine/storage/wrap-methods.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Store } from '../../src/ports/store.js'
import type { CallInfo, OssCall } from '../fakes/memory-oss.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'
import { partSize, path, setupEngine } from './engine-setup.js'

const full = () => new AppError('storage_full', 'full')
const reads: readonly (keyof Store)[] = ['get', 'list', 'parts', 'eventsAfter', 'lastEventId', 'stats']

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** This is a disk that takes writes or does not. */
interface Disk {
  full: boolean
  readonly refused: string[]
}

const onDisk =
  (disk: Disk) =>
  (store: Store): Store =>
    wrapMethods(store, (method, call) => {
      if (!disk.full || reads.includes(method)) return call()
      disk.refused.push(method)
      return Promise.reject(full())
    })

describe('the storage gate', () => {
  const setup = () => {
    const clock: Clock & { stop(): void } = createVirtualClock()
    endings.push(() => clock.stop())
    const disk: Disk = { full: false, refused: [] }
    const lines: string[] = []
    const write = (_fields: object, message: string) => void lines.push(message)
    const logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
    const memory = createMemoryStore({ clock, wakeup: { notify: () => {}, subscribe: () => () => {} } })
    const gate = createStorageGate({ store: onDisk(disk)(memory), clock, logger })
    endings.push(() => gate.close())
    const signal = new AbortController()
    return { clock, disk, lines, gate, signal }
  }
  const write = (store: Store) => store.control('none', { verb: 'pause' })

  it('is shut by a write that fails, opened by a probe of its own, and says each once', async () => {
    const { disk, gate, lines, signal } = setup()
    expect(await gate.opens(signal.signal)).toBe(true)
    disk.full = true
    await expect(write(gate.store)).rejects.toMatchObject({ code: 'storage_full' })
    await expect(write(gate.store)).rejects.toMatchObject({ code: 'storage_full' })
    expect(gate.failure()).toMatchObject({ code: 'storage_full' })
    const waited = gate.opens(signal.signal)
    disk.full = false
    expect(await waited).toBe(true)
    expect(gate.failure()).toBeNull()
    expect(lines).toHaveLength(2)
  })

  it('asks with growing pauses of at most two seconds', async () => {
    const { clock, disk, gate, signal } = setup()
    disk.full = true
    await write(gate.store).catch(() => {})
    const begun = clock.monotonic()
    while (disk.refused.length < 8) await clock.sleep(10)
    disk.full = false
    await gate.opens(signal.signal)
    // The delays are 250, 500, 1000, and then 2000 each.
    expect(clock.monotonic() - begun).toBeGreaterThanOrEqual(250 + 500 + 1000 + 5 * 2000)
    expect(clock.monotonic() - begun).toBeLessThanOrEqual(250 + 500 + 1000 + 5 * 2000 + 100)
  })

  it('does not begin with small pauses again when it is shut soon after it opened', async () => {
    const { clock, disk, gate, signal } = setup()
    const shutFor = async (refusals: number): Promise<number> => {
      disk.full = true
      await write(gate.store).catch(() => {})
      const begun = clock.monotonic()
      const before = disk.refused.length
      while (disk.refused.length < before + refusals) await clock.sleep(10)
      disk.full = false
      await gate.opens(signal.signal)
      return clock.monotonic() - begun
    }
    await shutFor(4)
    expect(await shutFor(0)).toBeGreaterThanOrEqual(2000)
    await clock.sleep(10_000)
    expect(await shutFor(0)).toBeLessThanOrEqual(300)
  })

  it('is not opened by a read, nor shut by an error that is not the medium’s', async () => {
    const { disk, gate } = setup()
    await expect(gate.store.list({}, { limit: 1, cursor: 'foreign' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    expect(gate.failure()).toBeNull()
    disk.full = true
    await write(gate.store).catch(() => {})
    await gate.store.get('none')
    expect(gate.failure()).not.toBeNull()
  })

  it('lets go of those who wait when their signal aborts, and of all when the daemon stops', async () => {
    const { disk, gate, signal } = setup()
    disk.full = true
    await write(gate.store).catch(() => {})
    const [mine, others] = [gate.opens(signal.signal), gate.opens(new AbortController().signal)]
    signal.abort()
    expect(await mine).toBe(false)
    gate.close()
    expect(await others).toBe(false)
    expect(await gate.opens(new AbortController().signal)).toBe(false)
  })
})

describe('an engine whose disk fills up', () => {
  const bytes = randomBytes(6 * partSize)
  const setup = () => {
    const disk: Disk = { full: false, refused: [] }
    const engine = setupEngine({ wrapStore: onDisk(disk) })
    endings.push(() => engine.end())
    engine.files.write(path, bytes)
    /** Makes the disk full once OSS has answered so many of these calls. */
    const fillAfter = (name: OssCall, nth: number): void => {
      const after = (info: CallInfo): void => {
        if (info.call === name && info.nth === nth) disk.full = true
      }
      engine.oss.faults = { after }
    }
    const sent = () => engine.oss.calls.filter(({ call }) => call === 'uploadPart').length
    return { engine, disk, fillAfter, sent }
  }

  it('sends nothing new, says what jobs wait for, refuses submits, and goes on where it was', async () => {
    const { engine, disk, fillAfter, sent } = setup()
    fillAfter('uploadPart', 2)
    engine.start()
    const job = await engine.submit({ parallel: 2 })
    await engine.until(async () => disk.refused.length > 3)
    const inFlight = sent()
    expect(inFlight).toBeLessThanOrEqual(3)
    expect(await engine.jobs.get(job.id)).toMatchObject({ state: 'queued', waiting: 'storage' })
    await expect(engine.submit({ target: { bucket: 'bucket', key: 'other' } })).rejects.toMatchObject({
      code: 'storage_full',
    })
    await engine.clock.sleep(10_000)
    expect(sent()).toBe(inFlight)
    expect(disk.refused).not.toContain('claim')

    disk.full = false
    const done = await engine.settled(job.id)
    expect(done).toMatchObject({ state: 'completed', waiting: null, attempts: 0, runs: 1 })
    expect(sent()).toBe(6)
    expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
    await expect(engine.jobs.list({}, { limit: 9, cursor: null })).resolves.toMatchObject({ items: [{ id: job.id }] })
  })

  it('keeps back also what had its turn to be sent, and looks at OSS all the same', async () => {
    const disk: Disk = { full: false, refused: [] }
    const engine = setupEngine({ wrapStore: onDisk(disk), slots: 1 })
    endings.push(() => engine.end())
    engine.files.write(path, bytes)
    engine.files.write('/src/small', randomBytes(10))
    const small = { source: { path: '/src/small' }, target: { bucket: 'bucket', key: 'small' } }
    const waiting: string[] = []
    engine.oss.faults = {
      before: async ({ call, nth }) => {
        if (call !== 'uploadPart' || nth !== 1) return
        // The second job stands in the queue for the only slot, which the first gives back when the disk is full.
        waiting.push((await engine.submit({ ...small, ifExists: 'skip' })).id)
        await engine.until(() => engine.oss.calls.some((info) => info.call === 'head'))
        disk.full = true
        await engine.submit({ target: { bucket: 'bucket', key: 'other' } }).catch(() => {})
      },
    }
    engine.start()
    const job = await engine.submit()
    await engine.until(() => disk.refused.length > 3)
    expect(engine.oss.calls.map(({ call }) => call)).toEqual(['initiate', 'uploadPart', 'head'])
    disk.full = false
    for (const id of [job.id, ...waiting]) expect(await engine.settled(id)).toMatchObject({ state: 'completed' })
  })

  it('takes back at once a job whose run gave up, without waiting for its lease to run out', async () => {
    const { engine, disk, sent } = setup()
    const paused = new AbortController()
    engine.oss.faults = {
      before: async ({ call, nth }) => {
        if (call !== 'uploadPart' || nth !== 1) return
        const [job] = (await engine.store.list({}, { limit: 1, cursor: null })).items
        await engine.jobs.control(job?.id ?? '', 'pause', anybody)
        // The run has heard of the pause when it sends nothing beside this part.
        await engine.clock.sleep(100)
        disk.full = true
        paused.abort()
      },
    }
    engine.start()
    const job = await engine.submit({ parallel: 1 })
    await engine.until(() => paused.signal.aborted && engine.files.openCount() === 0)
    disk.full = false
    const freedAt = engine.clock.monotonic()
    await engine.until(async () => (await engine.jobs.get(job.id)).state === 'paused')
    expect(engine.clock.monotonic() - freedAt).toBeLessThan(5_000)
    expect(sent()).toBe(1)
  })

  it('ends the run when its lease runs out meanwhile, and adopts what OSS holds when the disk has room again', async () => {
    const { engine, disk, fillAfter, sent } = setup()
    fillAfter('uploadPart', 2)
    engine.start()
    const job = await engine.submit({ parallel: 2 })
    await engine.until(() => disk.full)
    await engine.clock.sleep(120_000)
    expect(engine.files.openCount()).toBe(0)
    expect(await engine.jobs.get(job.id)).toMatchObject({ state: 'queued', waiting: 'storage' })
    const refusals = disk.refused.length

    disk.full = false
    const freedAt = engine.clock.monotonic()
    const done = await engine.settled(job.id)
    expect(engine.clock.monotonic() - freedAt).toBeLessThan(5_000)
    expect(done).toMatchObject({ state: 'completed', attempts: 0, runs: 2 })
    expect(sent()).toBe(6)
    // There is about one probe in two seconds, and a beat a second until the lease ran out, and no more.
    expect(refusals).toBeLessThan(130)
  })

  it('commits what became of Complete when the disk has room again, without a second Complete', async () => {
    const { engine, disk, fillAfter } = setup()
    fillAfter('complete', 1)
    engine.start()
    const job = await engine.submit()
    await engine.until(() => disk.refused.includes('finish'))
    disk.full = false
    expect(await engine.settled(job.id)).toMatchObject({ state: 'completed', runs: 1 })
    expect(engine.oss.calls.filter(({ call }) => call === 'complete')).toHaveLength(1)
  })

  it('stops at once, and the next start goes on', async () => {
    const { engine, disk, fillAfter, sent } = setup()
    fillAfter('uploadPart', 2)
    engine.start()
    const job = await engine.submit({ parallel: 2 })
    await engine.until(() => disk.refused.length > 3)
    const before = engine.clock.monotonic()
    await engine.stop()
    expect(engine.clock.monotonic() - before).toBeLessThan(1_000)
    expect(engine.files.openCount()).toBe(0)

    disk.full = false
    engine.start()
    expect(await engine.settled(job.id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(sent()).toBe(6)
  })
})
