import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError, type AppErrorCode } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { JobView } from '../../src/core/job-view.js'
import { isStorageFailure } from '../../src/engine/storage/storage-gate.js'
import { wrapMethods } from '../../src/engine/storage/wrap-methods.js'
import type { OpenSource, SourceOpener } from '../../src/ports/source.js'
import type { Store } from '../../src/ports/store.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

const upTo = 100

let engine: EngineSetup
afterEach(() => engine.end())

/** This says which calls fail, counted from 1. With `after` the call takes effect, but its answer is a failure. */
interface Plan {
  readonly nth: number
  readonly times: number
  readonly code: AppErrorCode
  readonly moment: 'before' | 'after'
}

const failing = (plan: Plan) => {
  let calls = 0
  const wrapStore = (store: Store): Store =>
    wrapMethods(store, async (_method, call) => {
      calls += 1
      const fails = calls >= plan.nth && calls < plan.nth + plan.times
      if (fails && plan.moment === 'before') throw new AppError(plan.code, 'injected')
      const answer = await call()
      if (fails) throw new AppError(plan.code, 'injected')
      return answer
    })
  return { wrapStore, calls: () => calls }
}

/** Tries again and again until the database has recovered, as a client does. */
const persist = async <T>(work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      await engine.clock.sleep(100)
    }
  }
}

const files = { 'dir/large': randomBytes(3 * partSize), 'dir/small': randomBytes(1000), 'dir/unwanted': randomBytes(1) }
type Key = keyof typeof files

const submit = (key: Key): Promise<JobView> =>
  persist(async () => {
    const request = { source: { path: `/src/${key}` }, target: { bucket: 'bucket', key } }
    return (await engine.jobs.submit(request, { key, fingerprint: key }, anybody)).job
  })

/** Runs a large and a small job, and one that is cancelled before it began. */
const runAll = async (): Promise<Record<Key, JobView>> => {
  for (const [key, bytes] of Object.entries(files)) engine.files.write(`/src/${key}`, bytes)
  const unwanted = await submit('dir/unwanted')
  await persist(() => engine.jobs.control(unwanted.id, 'cancel', anybody))
  engine.start()
  const [large, small] = [await submit('dir/large'), await submit('dir/small')]
  const settled = ({ id }: JobView) => persist(() => engine.settled(id))
  return {
    'dir/large': await settled(large),
    'dir/small': await settled(small),
    'dir/unwanted': await settled(unwanted),
  }
}

const expectAllRight = async (jobs: Record<Key, JobView>, hint: string): Promise<void> => {
  expect(jobs['dir/large'], hint).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
  expect(jobs['dir/small'], hint).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
  expect(jobs['dir/unwanted'].state, hint).toBe('cancelled')
  for (const key of ['dir/large', 'dir/small'] as const) {
    expect(engine.oss.objects.get(`bucket/${key}`)?.bytes.equals(files[key]), hint).toBe(true)
  }
  expect([...engine.oss.objects.keys()].sort(), hint).toEqual(['bucket/dir/large', 'bucket/dir/small'])
  expect(engine.oss.uploads.size, hint).toBe(0)
  const sent = engine.oss.calls.flatMap(({ call, partNumber }) => (call === 'uploadPart' ? [partNumber] : []))
  expect(sent.sort(), hint).toEqual([1, 2, 3])
  expect(engine.oss.calls.filter(({ call }) => call === 'complete' || call === 'putObject').length, hint).toBe(2)
  const { items } = await engine.store.eventsAfter(null, {}, 1000)
  const ends = items.filter(({ type }) => type === 'job.completed' || type === 'job.cancelled')
  expect(ends, hint).toHaveLength(3)
}

describe('the N-th call to the store that fails, for every N', () => {
  for (const moment of ['before', 'after'] as const) {
    for (const [code, times] of [
      ['storage_full', 1],
      ['storage_unavailable', 7],
    ] as const) {
      it(`loses nothing and sends nothing twice: ${code}, ${times} in a row, ${moment} the effect`, async () => {
        let reached = 0
        for (let nth = 1; nth <= upTo; nth++) {
          const faults = failing({ nth, times, code, moment })
          engine = setupEngine({ wrapStore: faults.wrapStore })
          const hint = `call ${nth}`
          await expectAllRight(await runAll(), hint)
          await engine.end()
          expect(engine.files.openCount(), hint).toBe(0)
          if (faults.calls() < nth) break
          reached = nth
        }
        expect(reached).toBeGreaterThan(20)
        process.stdout.write(`R5: ${code} x ${times} ${moment} the effect: N = 1 to ${reached}\n`)
      })
    }
  }
})

describe('the N-th call to the source that fails', () => {
  /** Makes faults: they count calls, and fail them, once they are armed. */
  const broken = (nth: number, times: number) => {
    let calls = 0
    let armed = false
    const fail = (): void => {
      if (!armed) return
      calls += 1
      if (calls >= nth && calls < nth + times) {
        throw new Failure('local', 'injected', { code: 'source_unreadable' })
      }
    }
    const arm = (): void => {
      armed = true
    }
    const guarded =
      <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        fail()
        return work(...args)
      }
    const wrapSources = (sources: SourceOpener): SourceOpener => ({
      open: guarded(async (path): Promise<OpenSource> => {
        const source = await sources.open(path)
        return {
          ...source,
          fingerprint: guarded(source.fingerprint),
          pathState: guarded(source.pathState),
          crc64: guarded(source.crc64),
        }
      }),
    })
    return { wrapSources, fail, arm, calls: () => calls }
  }

  /** Runs one job. Reading the bytes of a part or put counts too, but what the submit looked at does not. */
  const runOne = async (size: number, nth: number, times: number) => {
    const bytes = randomBytes(size)
    const faults = broken(nth, times)
    engine = setupEngine({ wrapSources: faults.wrapSources })
    engine.files.write(path, bytes)
    const job = await engine.submit()
    faults.arm()
    engine.oss.faults = {
      before: ({ call }) => (call === 'uploadPart' || call === 'putObject' ? faults.fail() : undefined),
    }
    engine.start()
    const done = await engine.settled(job.id)
    await engine.end()
    expect(engine.files.openCount()).toBe(0)
    return { done, bytes, calls: faults.calls() }
  }

  for (const [what, size] of [
    ['a put', 1000],
    ['an upload in parts', 3 * partSize],
  ] as const) {
    it(`completes ${what} when it succeeds within three tries`, async () => {
      for (let nth = 1; nth <= upTo; nth++) {
        const { done, bytes, calls } = await runOne(size, nth, 2)
        expect(done, `call ${nth}`).toMatchObject({ state: 'completed', outcome: 'uploaded' })
        expect(engine.oss.objects.get('bucket/key')?.bytes.equals(bytes)).toBe(true)
        if (calls < nth) return
      }
    })

    it(`fails ${what} with source_unreadable when it does not, and never calls it done`, async () => {
      for (let nth = 1; nth <= upTo; nth++) {
        const { done, calls } = await runOne(size, nth, Number.POSITIVE_INFINITY)
        if (calls < nth) return
        expect(done, `call ${nth}`).toMatchObject({ state: 'failed', error: { code: 'source_unreadable' } })
        expect(engine.oss.objects.size).toBe(0)
      }
    })
  }
})
