import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { FeedItem } from '../../src/engine/feed/event-feed.js'
import { listening } from '../fakes/listening.js'
import { type EngineSetup, partSize, path, setupEngine, target } from './engine-setup.js'

let engine: EngineSetup

afterEach(async () => {
  await engine.end()
  expect(engine.files.openCount()).toBe(0)
})

const setup = (bytes = randomBytes(8 * partSize), options: Parameters<typeof setupEngine>[0] = {}): EngineSetup => {
  engine = setupEngine(options)
  engine.files.write(path, bytes)
  engine.start()
  return engine
}

const parts = (): number => engine.oss.calls.filter(({ call }) => call === 'uploadPart').length
const stored = (): Buffer | undefined => engine.oss.objects.get('bucket/key')?.bytes

/** Holds parts from the n-th on until `release` is called. An abort lets go of them too. */
const holdParts = (from: number): { release(): void } => {
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  engine.oss.faults = {
    before: ({ call, nth }, signal) =>
      call === 'uploadPart' && nth >= from
        ? Promise.race([
            released,
            new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
          ])
        : undefined,
  }
  return { release }
}

const stateOf = async (id: string): Promise<string> => (await engine.jobs.get(id)).state

describe('pause', () => {
  it('lets parts in flight finish, and resume sends only the rest', async () => {
    const bytes = randomBytes(8 * partSize)
    setup(bytes)
    const held = holdParts(3)
    const { id } = await engine.submit({ parallel: 2 })
    await engine.until(() => parts() === 4)
    await engine.jobs.control(id, 'pause', anybody)
    expect(await stateOf(id)).toBe('running')
    held.release()
    await engine.until(async () => (await stateOf(id)) === 'paused')
    expect(parts()).toBe(4)
    expect((await engine.jobs.get(id)).progress.partsUploaded).toBe(4)
    await engine.jobs.control(id, 'resume', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(parts()).toBe(8)
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('is obeyed during a backoff', async () => {
    setup()
    engine.oss.faults = {
      before({ call }) {
        if (call === 'initiate') throw new Failure('throttled', 'slow down', { retryAfterMs: 50_000 })
      },
    }
    const { id } = await engine.submit()
    await engine.until(() => engine.logs.some((line) => line.includes('tried again')))
    await engine.jobs.control(id, 'pause', anybody)
    await engine.until(async () => (await stateOf(id)) === 'paused')
  })

  it('of a completed job is refused', async () => {
    setup()
    const { id } = await engine.submit()
    await engine.settled(id)
    await expect(engine.jobs.control(id, 'pause', anybody)).rejects.toMatchObject({ code: 'invalid_state' })
  })
})

describe('cancel', () => {
  it('of a running job stops what is in flight and leaves nothing in OSS', async () => {
    setup()
    holdParts(3)
    const { id } = await engine.submit()
    await engine.until(() => parts() >= 4)
    expect((await engine.jobs.control(id, 'cancel', anybody)).state).toBe('cancelling')
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled', receipt: null })
    expect(engine.oss.uploads.size).toBe(0)
    expect(stored()).toBeUndefined()
  })

  it('is done by the next daemon when this one dies', async () => {
    setup()
    holdParts(3)
    const { id } = await engine.submit()
    await engine.until(() => parts() >= 4)
    await engine.kill()
    engine.files.forgetDescriptors()
    await engine.jobs.control(id, 'cancel', anybody)
    engine.oss.faults = {}
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled' })
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('of a failed job removes the upload that was left', async () => {
    setup()
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'uploadPart' && nth === 4) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    const { id } = await engine.submit()
    expect((await engine.settled(id)).state).toBe('failed')
    expect(engine.oss.uploads.size).toBe(1)
    await engine.jobs.control(id, 'cancel', anybody)
    await engine.until(async () => (await stateOf(id)) === 'cancelled')
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('keeps trying while OSS refuses to abort', async () => {
    setup()
    holdParts(3)
    const { id } = await engine.submit()
    await engine.until(() => parts() >= 4)
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'abort' && nth < 3) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    await engine.jobs.control(id, 'cancel', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'cancelled' })
    expect(engine.oss.uploads.size).toBe(0)
  })
})

describe('retry', () => {
  it('of a failed job with an unchanged source goes on where it was', async () => {
    setup()
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'uploadPart' && nth === 6) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    await engine.settled(id)
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', error: null, runs: 2 })
    expect(parts()).toBe(9)
    expect(engine.oss.calls.filter(({ call }) => call === 'initiate')).toHaveLength(1)
  })

  it('of a failed job with a changed source plans anew and leaves no old upload', async () => {
    setup()
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'uploadPart' && nth === 6) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    const { id } = await engine.submit()
    await engine.settled(id)
    const bytes = randomBytes(5 * partSize)
    engine.files.write(path, bytes)
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', source: { size: bytes.length } })
    expect(stored()?.equals(bytes)).toBe(true)
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('needs the source', async () => {
    setup()
    engine.oss.faults = {
      before() {
        throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    const { id } = await engine.submit()
    await engine.settled(id)
    engine.files.files.delete(path)
    await expect(engine.jobs.control(id, 'retry', anybody)).rejects.toMatchObject({ code: 'source_unavailable' })
  })
})

describe('stopping the daemon', () => {
  it('lets parts in flight finish, charges nothing, and the next one goes on', async () => {
    const bytes = randomBytes(8 * partSize)
    setup(bytes)
    const held = holdParts(3)
    const { id } = await engine.submit({ parallel: 2 })
    await engine.until(() => parts() === 4)
    const stopping = engine.stop()
    held.release()
    await stopping
    expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 0, progress: { partsUploaded: 4 } })
    engine.start()
    expect((await engine.settled(id)).state).toBe('completed')
    expect(parts()).toBe(8)
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('cuts parts off when the drain timeout is over', async () => {
    setup()
    holdParts(3)
    const { id } = await engine.submit({ parallel: 2 })
    await engine.until(() => parts() === 4)
    await engine.stop(5_000)
    expect(await engine.jobs.get(id)).toMatchObject({ state: 'queued', attempts: 0, progress: { partsUploaded: 2 } })
    engine.oss.faults = {}
    engine.start()
    expect((await engine.settled(id)).state).toBe('completed')
  })
})

describe('notBefore', () => {
  it('holds a job back until its time', async () => {
    setup()
    const start = engine.clock.now()
    const job = await engine.submit({ notBefore: start + 90_000 })
    expect(job).toMatchObject({ state: 'queued', waiting: 'notBefore' })
    await engine.settled(job.id)
    expect(engine.clock.now() - start).toBeGreaterThanOrEqual(90_000)
  })
})

describe('submitting', () => {
  it('refuses a second unsettled job for the same target and names the first', async () => {
    setup()
    holdParts(1)
    const { id } = await engine.submit()
    const error = await engine.submit().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'target_busy', details: { jobId: id } })
  })

  it('replays an idempotency key although the source is gone', async () => {
    setup()
    const request = { source: { path }, target }
    const first = await engine.jobs.submit(request, { key: 'k', fingerprint: 'f' }, anybody)
    engine.files.files.delete(path)
    const second = await engine.jobs.submit(request, { key: 'k', fingerprint: 'f' }, anybody)
    expect(second).toMatchObject({ replayed: true, job: { id: first.job.id } })
    await expect(engine.jobs.submit(request, { key: 'k', fingerprint: 'other' }, anybody)).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    })
  })

  it('says why a source is refused where its caller may know, and logs every refusal with path and reason', async () => {
    setup()
    const failure = new Failure('permanent', 'it lies elsewhere', { code: 'source_unreadable', reason: null })
    const known = new Failure('permanent', 'no', { code: 'source_missing', reason: 'absent' })
    for (const [path, error] of [
      ['/out', failure],
      ['/in', known],
    ] as const) {
      engine.files.open = () => Promise.reject(error)
      const text = path === '/in' ? 'The source cannot be read: /in: absent' : /^The source is not a readable/
      await expect(engine.submit({ source: { path } })).rejects.toMatchObject({ code: 'source_unavailable' })
      await expect(engine.submit({ source: { path } })).rejects.toThrow(text)
      const reason = path === '/in' ? 'absent' : 'it lies elsewhere'
      const lines = engine.logs.filter((line) => line.includes(JSON.stringify(path)))
      expect(lines).toEqual(Array(2).fill(`warn A source was refused ${JSON.stringify({ path, reason })}`))
    }
  })
})

describe('priority', () => {
  it('lets the higher job have the slots first', async () => {
    setup(randomBytes(50), { slots: 1 })
    engine.oss.faults = { before: () => new Promise(setImmediate) }
    await engine.stop()
    const low = await engine.submit({ priority: -1, target: { bucket: 'bucket', key: 'low' } })
    const high = await engine.submit({ priority: 5, target: { bucket: 'bucket', key: 'high' } })
    engine.start()
    await Promise.all([engine.settled(low.id), engine.settled(high.id)])
    expect([...engine.oss.objects.keys()]).toEqual(['bucket/high', 'bucket/low'])
  })
})

describe('the event feed', () => {
  const collect = async (after: string | null, until: (item: FeedItem) => boolean): Promise<FeedItem[]> => {
    const seen: FeedItem[] = []
    for await (const item of listening(engine.feed, { after }, new AbortController().signal)) {
      seen.push(item)
      if (until(item)) return seen
    }
    return seen
  }
  const types = (items: FeedItem[]): string[] =>
    items.flatMap((item) => (item.kind === 'event' ? [item.event.type] : []))
  const isDone = (item: FeedItem): boolean => item.kind === 'event' && item.event.type === 'job.completed'

  it('tells the life of a job, with progress that moves inside parts', async () => {
    setup(randomBytes(3 * partSize))
    const collected = collect(null, isDone)
    await new Promise(setImmediate)
    await engine.submit()
    const items = await collected
    expect(types(items)).toEqual([
      'job.queued',
      'job.running',
      'part.uploaded',
      'part.uploaded',
      'part.uploaded',
      'job.completing',
      'job.completed',
    ])
    expect(items.some((item) => item.kind === 'progress')).toBe(true)
  })

  it('misses nothing and repeats nothing after a reconnect at any event', async () => {
    setup(randomBytes(3 * partSize))
    const start = await engine.store.lastEventId()
    await engine.settled((await engine.submit()).id)
    const all = (await collect(start, isDone)).flatMap((item) => (item.kind === 'event' ? [item.event.id] : []))
    for (const [index, id] of all.slice(0, -1).entries()) {
      const rest = (await collect(id, isDone)).flatMap((item) => (item.kind === 'event' ? [item.event.id] : []))
      expect(rest).toEqual(all.slice(index + 1))
    }
  })

  it('says reset for a cursor that is not its own', async () => {
    setup()
    expect(await collect('elsewhere-1', () => true)).toMatchObject([{ kind: 'reset' }])
  })

  it('ends its listeners when it closes', async () => {
    setup()
    const collected = collect(null, () => false)
    engine.feed.close()
    expect(await collected).toEqual([])
  })
})
