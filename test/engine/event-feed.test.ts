import { afterEach, describe, expect, it } from 'vitest'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import type { StoredEvent } from '../../src/core/event.js'
import {
  createEventFeed,
  type EventFeed,
  type FeedFilter,
  type FeedItem,
  type TakeItems,
} from '../../src/engine/feed/event-feed.js'
import { createProgressBoard } from '../../src/engine/feed/progress-board.js'
import type { Store } from '../../src/ports/store.js'
import { jobError, jobRequest, multipart, sent, threeParts } from '../contract/store-setup.js'
import { newSeed, seeded } from '../e2e/world.js'
import { listening } from '../fakes/listening.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { realClock, until } from '../http/harness.js'

let feed: EventFeed
afterEach(() => feed.close())

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}

/**
 * Sets up a feed on a store whose every look at the events is counted and takes as long as `slowness` says, before and
 * after.
 */
const setup = (sizes = { page: 200, kept: 1_000 }, slowness: () => Promise<void> = async () => undefined) => {
  const wakeup = createLocalWakeup()
  const store = createMemoryStore({ clock: realClock, wakeup })
  const calls = { eventsAfter: 0, get: 0 }
  const watched: Pick<Store, 'eventsAfter' | 'lastEventId' | 'get'> = {
    lastEventId: store.lastEventId,
    async eventsAfter(...args) {
      calls.eventsAfter += 1
      await slowness()
      const page = await store.eventsAfter(...args)
      await slowness()
      return page
    },
    get(id) {
      calls.get += 1
      return store.get(id)
    },
  }
  const progress = createProgressBoard(realClock)
  feed = createEventFeed({ store: watched, progress, wakeup, clock: realClock }, sizes)

  let jobs = 0
  const submit = async (labels: Record<string, string> = {}): Promise<string> => {
    jobs += 1
    await store.submit(jobRequest(`job-${jobs}`, { labels }), null)
    return `job-${jobs}`
  }
  /** Takes the next job as far as its last part. */
  const upload = async (): Promise<void> => {
    const [claim] = (await store.claim({ node: 'node', limit: 1, leaseMs: 60_000 })).claims
    if (claim === undefined) return
    await store.beginUpload(claim.lease, multipart, threeParts)
    for (const number of [1, 2, 3]) await store.commitParts(claim.lease, [sent(number)])
  }
  const events = async (): Promise<readonly StoredEvent[]> => (await store.eventsAfter(null, {}, 100_000)).items

  const read = (
    after: string | null,
    filter: FeedFilter = {},
    pause: () => Promise<void> = async () => undefined,
    mostQueued = 8,
  ) => {
    const reader = {
      items: [] as FeedItem[],
      ids: [] as string[],
      hangUp: new AbortController(),
      error: null as unknown,
    }
    const run = async (): Promise<void> => {
      for await (const item of listening(feed, { after, filter, mostQueued }, reader.hangUp.signal)) {
        reader.items.push(item)
        if (item.kind === 'event') reader.ids.push(item.event.id)
        await pause()
      }
    }
    run().catch((error: unknown) => {
      reader.error = error
    })
    return reader
  }
  /** Listens, and keeps what it is handed. `room` says how it takes what it is handed as the nth. */
  const listen = (
    filter: FeedFilter,
    room: (handed: number) => Promise<unknown> | null = () => null,
    after: string | null = null,
  ) => {
    const handed: (readonly FeedItem[])[] = []
    let ended = false
    const take: TakeItems = (items) => {
      handed.push(items)
      return room(handed.length)?.then((takesMore) => takesMore !== false) ?? null
    }
    feed.listen(after, filter, take, new AbortController().signal).finally(() => {
      ended = true
    })
    const ids = () => handed.flat().flatMap((item) => (item.kind === 'event' ? [item.event.id] : []))
    return { handed, ids, hasEnded: () => ended }
  }
  return { store, watched, progress, calls, submit, upload, events, read, listen }
}

const team = (value: string | null): FeedFilter => ({ labels: [{ key: 'team', value }] })

describe('the event feed', () => {
  it('tells each reader exactly once and in order, wherever and whenever it joins', { timeout: 60_000 }, async () => {
    const seed = newSeed()
    process.stdout.write(`event feed: SEED=${seed}\n`)
    const random = seeded(seed)
    const below = (most: number): number => Math.floor(random() * most)
    for (let round = 0; round < 12; round += 1) {
      // The sizes are so small that readers fall out of the tail, and find their way back into it, over and over.
      const sizes = { page: 1 + below(5), kept: 2 + below(12) }
      const { store, submit, upload, events, read } = setup(sizes, () => turns(below(4)))
      const readers: { reader: ReturnType<typeof read>; wants: (all: readonly StoredEvent[]) => string[] }[] = []
      const labelsOf = new Map<string, string>()

      const open = async (): Promise<void> => {
        const known = (await events()).map(({ id }) => id)
        const last = await store.lastEventId()
        const [after, from] = [
          () => [null, last] as const,
          () => ['oldest', null] as const,
          () => {
            const id = known[below(known.length)] ?? last
            return [id, id] as const
          },
        ][below(3)]?.() ?? [null, last]
        const jobId = `job-${1 + below(20)}`
        const [filter, matches] = (
          [
            [{}, () => true],
            [{ jobId }, (event) => event.jobId === jobId],
            [team('a'), ({ jobId }) => labelsOf.get(jobId ?? '') === 'a'],
            [team(null), () => true],
          ] as readonly (readonly [FeedFilter, (event: StoredEvent) => boolean])[]
        )[below(4)] ?? [{}, () => true]
        const slowness = below(6)
        readers.push({
          reader: read(after, filter, () => turns(below(slowness + 1)), below(20)),
          wants: (all) =>
            all
              .slice(from === null ? 0 : all.findIndex(({ id }) => id === from) + 1)
              .flatMap((event) => (matches(event) ? [event.id] : [])),
        })
        await turns(2)
      }

      for (let step = 0; step < 120; step += 1) {
        const choice = random()
        if (choice < 0.2) await open()
        else if (choice < 0.45) await upload()
        else {
          const value = random() < 0.5 ? 'a' : 'b'
          labelsOf.set(await submit({ team: value }), value)
        }
        await turns(below(3))
      }
      const all = await events()
      await until(() => readers.every(({ reader, wants }) => reader.ids.length >= wants(all).length), 'all to be told')
      await turns(20)
      for (const { reader, wants } of readers) {
        expect(reader.error).toBeNull()
        expect(reader.ids).toEqual(wants(all))
      }
      feed.close()
    }
  })

  it('asks the store no more often for a hundred readers than for one, and tells all the same item', async () => {
    const { calls, submit, upload, events, read } = setup()
    const readers = Array.from({ length: 100 }, (_, index) => read(null, index % 2 === 0 ? {} : team('a')))
    await turns(20)
    const before = calls.eventsAfter
    for (let job = 0; job < 5; job += 1) {
      await submit({ team: 'a' })
      await upload()
    }
    const all = await events()
    await until(() => readers.every(({ ids }) => ids.length === all.length), 'all to be told')
    for (const { ids } of readers) expect(ids).toEqual(all.map(({ id }) => id))
    expect(new Set(readers.flatMap(({ items }) => items.filter(({ kind }) => kind === 'event'))).size).toBe(all.length)
    expect(calls.eventsAfter - before).toBeLessThan(2 * all.length)
    const parts = all.filter(({ type }) => type === 'part.uploaded').length
    expect(calls.get).toBeLessThanOrEqual(parts)
  })

  it('hands all that keep up with the same filter the very same arrays, and tells the slow what they missed', async () => {
    const { submit, events, listen } = setup()
    const [first, second, other] = [listen({}), listen({}), listen(team('a'))]
    const slow = listen({}, (handed) => (handed === 2 ? until(() => first.ids().length === 60, 'the others') : null))
    await turns(20)
    for (let job = 0; job < 60; job += 1) {
      await submit({ team: 'a' })
      await turns(2)
    }
    const all = (await events()).map(({ id }) => id)
    for (const reader of [first, second, other, slow]) {
      await until(() => reader.ids().length === 60, 'all to be told')
      expect(reader.ids()).toEqual(all)
    }
    expect(second.handed.slice(1)).toEqual(first.handed.slice(1))
    for (const [index, items] of second.handed.slice(1).entries()) expect(items).toBe(first.handed[index + 1])
    expect(other.handed.slice(1).some((items) => first.handed.includes(items))).toBe(false)
    expect(slow.handed.length).toBeLessThan(first.handed.length)
  })

  it('hands over at most 32 items at once, however many there are', async () => {
    const { store, submit, listen } = setup()
    const from = await store.lastEventId()
    const first = listen({})
    await turns(20)
    for (let job = 0; job < 100; job += 1) await submit()
    const behind = listen({}, undefined, from)
    const oldest = listen({}, undefined, 'oldest')
    await until(() => first.ids().length === 100, 'the reader that keeps up')
    for (const reader of [behind, oldest]) {
      await until(() => reader.ids().length === 100, 'all to be told')
      expect(Math.max(...reader.handed.map(({ length }) => length))).toBe(32)
    }
  })

  it('hands nothing more to a listener that wants no more', async () => {
    const { submit, listen } = setup()
    const reader = listen({}, (handed) => (handed === 2 ? Promise.resolve(false) : null))
    await turns(20)
    await submit()
    await until(() => reader.hasEnded(), 'the end')
    await submit()
    await turns(20)
    expect(reader.ids()).toHaveLength(1)
  })

  it('lets a reader that comes back take what is kept in memory', async () => {
    const { calls, store, submit, events, read } = setup()
    const first = read(null)
    await turns(20)
    const from = await store.lastEventId()
    for (let job = 0; job < 50; job += 1) await submit()
    await until(() => first.ids.length === 50, 'the first reader')
    await turns(20)
    const before = calls.eventsAfter
    const [, second] = await events()
    const back = [read(from), read(second?.id ?? '')]
    await turns(20)
    expect(back.map(({ ids }) => ids.length)).toEqual([50, 48])
    expect(calls.eventsAfter).toBe(before)
  })

  it('tells the newest progress of each job, and none of a job that has settled', async () => {
    const { store, submit, progress, read } = setup()
    let goOn: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const reader = read(null, {}, () => held, 0)
    await turns(20)
    for (const id of [await submit(), await submit()]) {
      const job = await store.get(id)
      if (job === null) throw new Error('no job')
      progress.begin(job).moving(1, id === 'job-1' ? 10 : 20)
    }
    const [claim] = (await store.claim({ node: 'node', limit: 1, leaseMs: 60_000 })).claims
    if (claim === undefined) throw new Error('nothing to claim')
    await store.finish(claim.lease, { to: 'failed', error: jobError, receipt: null })
    await turns(20)
    goOn()
    await until(() => reader.items.some(({ kind }) => kind === 'progress'), 'the progress')
    await turns(20)
    const moved = reader.items.flatMap((item) => (item.kind === 'progress' ? [item.jobId] : []))
    expect(moved).toEqual(['job-2'])
  })

  it('ends with the error of the store, and begins anew for the next reader', async () => {
    const { watched, submit, read } = setup()
    const fine = watched.eventsAfter
    const reader = read(null)
    await turns(20)
    watched.eventsAfter = () => Promise.reject(new Error('the disk is gone'))
    await submit()
    await until(() => reader.error !== null, 'the error')
    expect(reader.error).toMatchObject({ message: 'the disk is gone' })
    watched.eventsAfter = fine
    const next = read(null)
    await turns(20)
    await submit()
    await until(() => next.ids.length === 1, 'the event')
  })

  it('does not keep a reader that hangs up, nor look at the store for nobody', async () => {
    const { calls, submit, read } = setup()
    const reader = read(null)
    await turns(20)
    reader.hangUp.abort()
    await turns(20)
    const before = calls.eventsAfter
    await submit()
    await turns(20)
    expect(reader.ids).toEqual([])
    expect(calls.eventsAfter).toBe(before)
  })

  it('tells a reader without a cursor where it begins, and one with a cursor nothing before its events', async () => {
    const { submit, events, read } = setup()
    await submit()
    const [first] = await events()
    const [fresh, oldest, behind] = [read(null), read('oldest'), read(first?.id ?? '')]
    await until(() => fresh.items.length === 1 && oldest.items.length === 1, 'the beginnings')
    expect(fresh.items).toEqual([{ kind: 'ready', id: first?.id, at: expect.stringMatching(/^\d{4}-.*Z$/) }])
    await submit()
    await until(() => [fresh, behind].every(({ ids }) => ids.length === 1), 'the second event')
    expect(oldest.items[0]?.kind).toBe('event')
    expect(behind.items.map(({ kind }) => kind)).toEqual(['event'])
  })

  it('tells of an empty store where it begins, so that a reader that heard nothing comes back to all', async () => {
    const { submit, read } = setup()
    const quiet = read(null)
    await until(() => quiet.items.length === 1, 'ready')
    quiet.hangUp.abort()
    await submit()
    const [ready] = quiet.items
    const again = read(ready?.kind === 'ready' ? ready.id : '')
    await until(() => again.ids.length === 1, 'what was missed')
    expect(again.items.map(({ kind }) => kind)).toEqual(['event'])
  })
})
