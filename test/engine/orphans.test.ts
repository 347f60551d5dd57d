import { afterEach, describe, expect, it } from 'vitest'
import { Failure, type FailureDetails, type FailureKind } from '../../src/core/failure.js'
import type { OrphanView } from '../../src/engine/use-cases/orphan-view.js'
import type { Orphans } from '../../src/engine/use-cases/orphans.js'
import type { AbandonRequest } from '../../src/ports/orphan-store.js'
import { granted, multipart, receipt, sent, threeParts } from '../contract/store-setup.js'
import { partSize, path, setupEngine } from './engine-setup.js'
import { bucket, noOptions, type OrphansSetup, setupOrphans } from './orphans-setup.js'

const day = 86_400_000
const first = { limit: 100, cursor: null }

const clocks: OrphansSetup['clock'][] = []
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop()
})
const setup = (): OrphansSetup => {
  const made = setupOrphans()
  clocks.push(made.clock)
  return made
}

const everyPage = async (orphans: Orphans, limit: number, inBucket: string | null = null) => {
  const items: OrphanView[] = []
  let cursor: string | null = null
  let pages = 0
  do {
    const page: Awaited<ReturnType<Orphans['list']>> = await orphans.list(inBucket, { limit, cursor })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    cursor = page.nextCursor
    pages++
  } while (cursor !== null && pages < 100)
  return items
}

describe('the list of open uploads', () => {
  it('tells ours from unknown ones, with age and bytes', async () => {
    const { orphans, running, failed, foreign, oss, clock } = setup()
    const theirs = await foreign('a')
    await clock.sleep(day)
    const working = await running('b')
    const dead = await failed('c')
    const options = { signal: new AbortController().signal, onProgress: () => {} }
    for (const partNumber of [1, 2]) {
      const range = { kind: 'file', fd: 0, device: '1', inode: '1', offset: 0, length: 150 } as const
      await oss.uploadPart({ bucket, key: 'b', uploadId: working.uploadId }, partNumber, range, noOptions, options)
    }
    const { items, nextCursor } = await orphans().list(bucket, first)
    expect(nextCursor).toBeNull()
    expect(items).toMatchObject([
      { key: 'a', uploadId: theirs, owner: 'unknown', jobId: null, jobState: null, ageSeconds: day / 1000, bytes: 0 },
      { key: 'b', owner: 'ours', jobId: working.jobId, jobState: 'running', ageSeconds: 0, bytes: 300 },
      { key: 'c', uploadId: dead.uploadId, owner: 'ours', jobId: dead.job.id, jobState: 'failed', bytes: 0 },
    ])
    expect(items[0]?.initiatedAt).toBe(new Date(clock.now() - day).toISOString())
  })

  it('suspects an upload begun while an Initiate for its very key got no answer, and no other', async () => {
    const { orphans, store, running, foreign, clock } = setup()
    const before = await foreign('k')
    await clock.sleep(day)
    const { lease, jobId } = await running('k')
    granted(await store.forgetUpload(lease, null))
    await store.beginUpload(lease, multipart, threeParts)
    const orphan = await foreign('k')
    const neighbour = await foreign('k2')
    await store.noteUnansweredInitiate(lease)
    await clock.sleep(60_000)
    granted(await store.setUploadId(lease, await foreign('k')))
    await clock.sleep(day)
    const after = await foreign('k')
    const owners = new Map((await orphans().list(bucket, first)).items.map((item) => [item.uploadId, item]))
    expect(owners.get(orphan)).toMatchObject({ owner: 'possible', jobId })
    for (const other of [before, neighbour, after]) {
      expect(owners.get(other)).toMatchObject({ owner: 'unknown', jobId: null })
    }
  })

  it('covers every bucket that jobs were made for, passing over those that are gone', async () => {
    const { orphans, failed, foreign, oss } = setup()
    await failed('k')
    await foreign('x', 'never-used')
    expect((await orphans().list(null, first)).items.map((item) => item.bucket)).toEqual([bucket])
    oss.faults = {
      before({ call }) {
        if (call === 'listUploads') throw new Failure('permanent', 'gone', { code: 'no_such_bucket' })
      },
    }
    expect(await orphans().list(null, first)).toEqual({ items: [], nextCursor: null })
    await expect(orphans().list(bucket, first)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { errors: [{ path: 'bucket' }] },
    })
  })

  it.each([1, 2, 3, 100])('shows each upload once in pages of %i', async (limit) => {
    const { orphans, foreign } = setup()
    const ids = []
    for (const key of ['in/a', 'in/a', 'in/b', 'in/deep/c', 'out/d', 'z']) ids.push(await foreign(key))
    expect((await everyPage(orphans(), limit, bucket)).map(({ uploadId }) => uploadId)).toEqual(ids)
    const allowed = ['out/', 'in/deep/', 'in/'].map((prefix) => ({ bucket, prefix }))
    const shown = await everyPage(orphans(allowed), limit, bucket)
    expect(shown.map(({ uploadId }) => uploadId)).toEqual(ids.slice(0, 5))
  })

  it('keeps to the targets that are allowed', async () => {
    const { orphans, foreign } = setup()
    await foreign('inx/a')
    await foreign('in/a')
    const items = await everyPage(orphans([{ bucket, prefix: 'in/' }]), 10, bucket)
    expect(items.map(({ key }) => key)).toEqual(['in/a'])
    await expect(orphans([{ bucket: 'other', prefix: '' }]).list(bucket, first)).rejects.toMatchObject({
      code: 'target_not_allowed',
    })
  })

  it('refuses a cursor that is none of its own', async () => {
    const { orphans } = setup()
    const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const cursor of [
      'x',
      of(null),
      of(['other', '', '', '']),
      of([bucket, '', 1, '']),
      of([bucket, '', '', '', 1]),
    ]) {
      await expect(orphans().list(bucket, { limit: 1, cursor })).rejects.toMatchObject({ code: 'invalid_request' })
    }
  })

  it('counts the bytes of so many only, and says so by null', async () => {
    const { orphans, foreign, oss, clock } = setup()
    // The time for counting never runs out, because the clock stands still.
    clock.stop()
    for (let n = 0; n < 120; n++) await foreign(`k${n}`)
    const { items } = await orphans().list(bucket, { limit: 1000, cursor: null })
    expect(items).toHaveLength(120)
    expect(items.filter(({ bytes }) => bytes === null)).toHaveLength(20)
    expect(oss.calls.filter(({ call }) => call === 'listParts')).toHaveLength(100)
  })

  it('leaves out what vanished meanwhile, and counts nothing where OSS stumbles or is slow', async () => {
    const { orphans, foreign, oss, clock } = setup()
    for (const key of ['a', 'b', 'c']) await foreign(key)
    oss.faults = {
      async before({ call, nth }, signal) {
        if (call !== 'listParts') return
        if (nth === 1) throw new Failure('lost', 'gone')
        if (nth === 2) throw new Failure('transient', 'stumbled')
        await clock.sleep(day, signal)
      },
    }
    const { items } = await orphans().list(bucket, first)
    expect(items).toMatchObject([
      { key: 'b', bytes: null },
      { key: 'c', bytes: null },
    ])
  })

  it.each([
    ['permanent', 'oss_refused'],
    ['transient', 'oss_unavailable'],
    ['credentials', 'oss_unavailable'],
  ] as const)('answers a %s failure of OSS as %s', async (kind, code) => {
    const { orphans, oss } = setup()
    oss.faults = {
      before() {
        throw new Failure(kind, 'so said OSS', { code: 'access_denied' })
      },
    }
    await expect(orphans().list(bucket, first)).rejects.toMatchObject({ code, message: 'so said OSS' })
  })

  it('gives up on an OSS that never answers', async () => {
    const { orphans, oss, clock } = setup()
    oss.faults = { before: (_info, signal) => clock.sleep(day, signal) }
    await expect(orphans().list(bucket, first)).rejects.toMatchObject({ code: 'oss_unavailable' })
  })
})

describe('an Initiate', () => {
  const initiatedAfter = async (kind: FailureKind | null, details: FailureDetails = {}) => {
    const engine = setupEngine()
    try {
      engine.files.write(path, Buffer.alloc(partSize))
      engine.oss.faults = {
        after({ call, nth }) {
          if (call === 'initiate' && nth === 1 && kind !== null)
            throw new Failure(kind, 'an answer that is none', details)
        },
      }
      engine.start()
      const { id } = await engine.submit()
      expect((await engine.settled(id)).state).toBe('completed')
      const [trace] = await engine.store.traceUploads([{ bucket: 'bucket', key: 'key', uploadId: 'another' }])
      return { id, trace, logs: engine.logs }
    } finally {
      await engine.end()
    }
  }

  it('whose answer was lost is remembered', async () => {
    const { id, trace } = await initiatedAfter('transient')
    expect(trace).toMatchObject({ kind: 'unknown', initiates: [{ jobId: id, endedAt: expect.any(Number) }] })
  })

  it('that surely never reached OSS is not', async () => {
    const { trace, logs } = await initiatedAfter('transient', { unsent: true })
    expect(trace).toEqual({ kind: 'unknown', initiates: [] })
    expect(logs.filter((line) => line.includes('got no answer'))).toEqual([])
  })

  it('that an outage never let out is not, though run after run is begun for it', async () => {
    const engine = setupEngine()
    try {
      engine.files.write(path, Buffer.alloc(partSize))
      let down = true
      engine.oss.faults = {
        before({ call }) {
          if (call === 'initiate' && down) throw new Failure('transient', 'refused', { unsent: true })
        },
      }
      engine.start()
      const { id } = await engine.submit()
      await engine.until(async () => ((await engine.store.get(id))?.runs ?? 0) >= 3)
      down = false
      expect((await engine.settled(id)).state).toBe('completed')
      expect(engine.logs.filter((line) => line.includes('got no answer'))).toEqual([])
    } finally {
      await engine.end()
    }
  })

  it.each([null, 'throttled'] as const)('that was answered, by success or by no (%s), is not', async (kind) => {
    expect((await initiatedAfter(kind)).trace).toEqual({ kind: 'unknown', initiates: [] })
  })
})

describe('aborting open uploads', () => {
  const ref = (key: string, uploadId: string) => ({ bucket, key, uploadId })

  it('removes what jobs are done with, and answers in order', async () => {
    const { orphans, failed, running, store, oss } = setup()
    const dead = await failed('a')
    const done = await running('b')
    await store.commitParts(done.lease, [sent(1), sent(2), sent(3)])
    await store.beginCompleting(done.lease)
    granted(await store.finish(done.lease, { to: 'completed', outcome: 'uploaded', receipt }))
    const uploads = [ref('b', done.uploadId), ref('a', dead.uploadId)]
    expect(await orphans().abort(uploads, false)).toEqual(
      uploads.map((upload) => ({ ...upload, result: 'aborted', reason: null })),
    )
    expect(oss.uploads.size).toBe(0)
    expect(await store.get(dead.job.id)).toMatchObject({ state: 'failed', upload: { uploadId: null } })
    expect((await orphans().abort(uploads, false)).map(({ result }) => result)).toEqual(['gone', 'gone'])
  })

  it('removes unknown ones by force only', async () => {
    const { orphans, foreign, oss } = setup()
    const upload = ref('k', await foreign('k'))
    expect(await orphans().abort([upload], false)).toEqual([
      { ...upload, result: 'refused', reason: expect.stringContaining('force') },
    ])
    expect(oss.uploads.size).toBe(1)
    expect(await orphans().abort([upload], true)).toMatchObject([{ result: 'aborted', reason: null }])
    expect(oss.uploads.size).toBe(0)
    expect(await orphans().abort([upload], true)).toMatchObject([{ result: 'gone' }])
  })

  it('robs no job of its upload, not even by force', async () => {
    const { orphans, running, foreign, store, oss } = setup()
    const working = await running('a')
    const paused = await running('b')
    await store.control(paused.jobId, { verb: 'pause' })
    await store.release(paused.lease, { to: 'paused' })
    const beginning = await running('c')
    granted(await store.forgetUpload(beginning.lease, null))
    await store.beginUpload(beginning.lease, multipart, threeParts)
    const mayBeIts = await foreign('c')
    const uploads = [ref('a', working.uploadId), ref('b', paused.uploadId), ref('c', mayBeIts)]
    const before = oss.uploads.size
    for (const answer of await orphans().abort(uploads, true)) expect(answer.result).toBe('refused')
    expect(oss.uploads.size).toBe(before)
    expect(oss.calls.some(({ call }) => call === 'abort')).toBe(false)
  })

  it('lets a retry that came between have its upload', async () => {
    const { orphans, failed, store, oss } = setup()
    const { job, uploadId } = await failed('a')
    const late = {
      ...store,
      async abandonUploads(request: AbandonRequest) {
        await store.control(job.id, { verb: 'retry', fingerprint: job.source.fingerprint })
        return store.abandonUploads(request)
      },
    }
    const [answer] = await orphans([], late).abort([ref('a', uploadId)], true)
    expect(answer).toMatchObject({ result: 'refused', reason: expect.stringContaining('started again') })
    expect(oss.uploads.size).toBe(1)
    expect(await store.get(job.id)).toMatchObject({ state: 'queued', upload: { uploadId } })
  })

  it('keeps to the targets that are allowed', async () => {
    const { orphans, foreign, oss } = setup()
    const upload = ref('out/k', await foreign('out/k'))
    expect(await orphans([{ bucket, prefix: 'in/' }]).abort([upload], true)).toMatchObject([{ result: 'refused' }])
    expect(oss.uploads.size).toBe(1)
  })

  it('says which ones OSS failed to remove, and why', async () => {
    const { orphans, foreign, oss } = setup()
    const uploads = [ref('a', await foreign('a')), ref('b', await foreign('b'))]
    oss.faults = {
      before({ call, nth }) {
        if (call === 'abort' && nth === 1) throw new Failure('transient', 'stumbled')
      },
    }
    const answers = await orphans().abort(uploads, true)
    expect(answers.map(({ result }) => result).sort()).toEqual(['aborted', 'failed'])
    expect(answers.find(({ result }) => result === 'failed')?.reason).toBe('stumbled')
  })
})
