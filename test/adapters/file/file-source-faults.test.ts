import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FileCalls, patientCalls, promptCalls } from '../../../src/adapters/file/file-calls.js'
import { createFileSources } from '../../../src/adapters/file/file-source.js'
import { Failure } from '../../../src/core/failure.js'
import { createPatientSources } from '../../../src/engine/storage/patient-sources.js'
import type { SourceOpener } from '../../../src/ports/source.js'
import { createVirtualClock } from '../../fakes/virtual-clock.js'
import { readerHere } from '../oss/source-reader.js'

/** This says which calls to the file system fail, counted from 1, and how. */
const plan = { calls: 0, fails: (_nth: number) => false, errno: '', open: 0 }

const failing =
  <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
  async (...args: Args): Promise<T> => {
    plan.calls += 1
    if (plan.fails(plan.calls)) throw Object.assign(new Error(plan.errno), { code: plan.errno })
    return work(...args)
  }

const watched = (calls: FileCalls): FileCalls => ({
  realpath: failing(calls.realpath),
  readlink: failing(calls.readlink),
  lstat: failing(calls.lstat),
  stat: failing(calls.stat),
  open: failing(async (path: string, flags: number) => {
    const fd = await calls.open(path, flags)
    plan.open += 1
    return fd
  }),
  close: (fd) => {
    plan.open -= 1
    return calls.close(fd)
  },
})

vi.mock('node:fs', async (load) => {
  const actual = await load<typeof import('node:fs')>()
  const read = (...args: unknown[]): void => {
    plan.calls += 1
    const fails = plan.fails(plan.calls)
    const callback = args.at(-1) as (error: Error) => void
    if (fails) setImmediate(callback, Object.assign(new Error(plan.errno), { code: plan.errno }))
    else (actual.read as (...args: unknown[]) => void)(...args)
  }
  return { ...actual, read }
})

const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0).reverse()) end()
  Object.assign(plan, { calls: 0, fails: () => false })
})

const setup = (calls: FileCalls) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-file-')))
  endings.push(() => rmSync(root, { recursive: true, force: true }))
  const path = join(root, 'source.bin')
  writeFileSync(path, 'x'.repeat(1000))
  const sources = createFileSources({ allowed: [root], forbidden: [] }, readerHere(), async () => watched(calls))
  const clock = createVirtualClock()
  endings.push(() => clock.stop())
  return { path, sources, patient: createPatientSources(sources, clock), clock }
}

/** Asks everything of a source that a run asks. */
const use = async (sources: SourceOpener, path: string): Promise<string> => {
  const source = await sources.open(path)
  try {
    await source.fingerprint()
    await source.pathState()
    return await source.crc64(0, 1000, new AbortController().signal)
  } finally {
    await source.close()
  }
}

const errnos = ['EIO', 'EMFILE', 'ENOSPC', 'EROFS']

const failNth = (nth: number, errno: string, times = 1): void => {
  Object.assign(plan, { calls: 0, errno, fails: (call: number) => call >= nth && call < nth + times })
}

describe.each([
  ['by another thread', patientCalls],
  ['at once', promptCalls],
])('a file whose N-th call to the file system fails, %s', (_how, calls) => {
  it('is told apart from one that is unreadable, for every N, and leaves no descriptor open', async () => {
    const { path, sources } = setup(calls)
    const expected = await use(sources, path)
    const { calls: total } = plan
    expect(total).toBeGreaterThanOrEqual(7)
    for (const errno of errnos) {
      for (let nth = 1; nth <= total; nth++) {
        failNth(nth, errno)
        const error = await use(sources, path).catch((reason: unknown) => reason)
        expect(error, `${errno} at call ${nth}`).toBeInstanceOf(Failure)
        expect(error, `${errno} at call ${nth}`).toMatchObject({ kind: 'local', code: 'source_unreadable' })
        expect(plan.open).toBe(0)
      }
    }
    failNth(0, '')
    expect(await use(sources, path)).toBe(expected)
  })

  it('is read all the same when the machine recovers within three tries', async () => {
    const { path, patient } = setup(calls)
    const expected = await use(patient, path)
    const { calls: total } = plan
    for (const errno of errnos) {
      for (let nth = 1; nth <= total; nth++) {
        failNth(nth, errno, 2)
        expect(await use(patient, path), `${errno} at calls ${nth} and ${nth + 1}`).toBe(expected)
        expect(plan.open).toBe(0)
      }
    }
  })

  it('is unreadable when it does not, with pauses between the tries', async () => {
    const { path, patient, clock } = setup(calls)
    await use(patient, path)
    const { calls: total } = plan
    for (const errno of errnos) {
      for (let nth = 1; nth <= total; nth++) {
        failNth(nth, errno, Number.POSITIVE_INFINITY)
        const before = clock.monotonic()
        const error = await use(patient, path).catch((reason: unknown) => reason)
        expect(error, `${errno} from call ${nth}`).toMatchObject({ kind: 'permanent', code: 'source_unreadable' })
        expect(clock.monotonic() - before).toBe(1500)
        expect(plan.open).toBe(0)
      }
    }
  })

  it.each(['EACCES', 'ELOOP', 'EISDIR'])('is unreadable at once by %s, and missing by ENOENT', async (errno) => {
    const { path, patient, clock } = setup(calls)
    const before = clock.monotonic()
    failNth(1, errno)
    await expect(use(patient, path)).rejects.toMatchObject({ kind: 'permanent', code: 'source_unreadable' })
    failNth(1, 'ENOENT')
    await expect(use(patient, path)).rejects.toMatchObject({ kind: 'permanent', code: 'source_missing' })
    expect(clock.monotonic()).toBe(before)
  })
})
