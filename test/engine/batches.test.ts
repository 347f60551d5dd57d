import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { setupBatches } from './batches-setup.js'

let ending: (() => Promise<void>) | null = null
const setup: typeof setupBatches = (...args) => {
  const made = setupBatches(...args)
  ending = made.end
  return made
}
afterEach(async () => {
  await ending?.()
  ending = null
})

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `f${i}`)

describe('a batch of a directory', () => {
  it('uploads every file below the prefix, which gets its slash', async () => {
    const { start, submit, settled, oss } = setup(['a', 'sub/b', '.hidden'])
    start()
    const batch = await settled(await submit())
    expect(batch).toMatchObject({ state: 'completed', target: { prefix: 'out/' }, walk: { done: true, seen: 3 } })
    expect(batch.totals).toMatchObject({ jobs: 3, completed: 3, bytesTotal: 30, bytesUploaded: 30 })
    expect([...oss.objects.keys()].sort()).toEqual(['bucket/out/.hidden', 'bucket/out/a', 'bucket/out/sub/b'])
  })

  it('gives its jobs its labels and options', async () => {
    const { startAgent, submit, until, store } = setup(['a'])
    startAgent()
    const id = await submit({
      labels: { run: '7' },
      priority: 3,
      ifExists: 'skipSame',
      headers: { 'x-oss-meta-a': 'b' },
    })
    await until(id, ({ walk }) => walk.done)
    const [job] = (await store.list({ batchId: id, labels: [{ key: 'run', value: '7' }] }, { limit: 9, cursor: null }))
      .items
    expect(job).toMatchObject({ priority: 3, options: { ifExists: 'skipSame', headers: { 'x-oss-meta-a': 'b' } } })
  })

  it('notes names that cannot be keys and goes on', async () => {
    const { start, submit, settled } = setup(['good', 'new\nline', `${'x'.repeat(1020)}`])
    start()
    const batch = await settled(await submit())
    expect(batch).toMatchObject({
      state: 'failed',
      totals: { jobs: 1, completed: 1 },
      walk: { seen: 3, problemCount: 2 },
    })
    expect(batch.walk.problems.map(({ code }) => code)).toEqual(['key_invalid', 'key_invalid'])
  })

  it('waits for room in a full queue, and never fills the last tenth of it', async () => {
    const { startAgent, startEngine, submit, settled, clock, store } = setup(numbered(40), { maxQueued: 10 })
    startAgent()
    const id = await submit()
    const queued = async () => (await store.stats()).jobs.queued
    while ((await queued()) < 9) await clock.sleep(10)
    await clock.sleep(5_000)
    expect(await queued()).toBe(9)
    startEngine()
    expect(await settled(id)).toMatchObject({ state: 'completed', totals: { jobs: 40, completed: 40 } })
  })

  it('takes the walk up again after a crash: nothing twice, nothing lost, and what is new as well', async () => {
    const { startAgent, restartAgent, submit, until, walker, write, store } = setup(numbered(9))
    startAgent()
    let open = (): void => {}
    walker.before = async () => {
      if (walker.given.length === 2) await new Promise<void>((resolve) => (open = resolve))
    }
    const id = await submit()
    await until(id, ({ walk }) => walk.seen === 4)
    walker.before = async () => {}
    open()
    write('new')
    await restartAgent()
    const batch = await until(id, ({ walk }) => walk.done)
    expect(batch).toMatchObject({ totals: { jobs: 10 }, walk: { seen: 10, problemCount: 0 } })
    const { items } = await store.list({ batchId: id }, { limit: 100, cursor: null })
    expect(new Set(items.map(({ target }) => target.key)).size).toBe(10)
  })

  it('begins a walk anew, after a pause, when the machine fails it', async () => {
    const { startAgent, submit, until, walker } = setup(numbered(5))
    let failures = 2
    walker.before = async () => {
      if (walker.given.length === 1 && failures-- > 0) throw new Error('EMFILE')
    }
    startAgent()
    const id = await submit()
    expect(await until(id, ({ walk }) => walk.done)).toMatchObject({ totals: { jobs: 5 } })
  })

  it('stops the walk while it is paused and goes on when it is resumed', async () => {
    const { startAgent, batches, submit, until, walker } = setup(numbered(6))
    startAgent()
    let open = (): void => {}
    walker.before = async () => {
      if (walker.given.length === 1) await new Promise<void>((resolve) => (open = resolve))
    }
    const id = await submit()
    await until(id, ({ walk }) => walk.seen === 2)
    expect((await batches.control(id, 'pause', anybody)).state).toBe('paused')
    walker.before = async () => {}
    open()
    await until(id, ({ walk }) => walk.seen === 2)
    expect((await batches.control(id, 'resume', anybody)).state).toBe('scanning')
    expect(await until(id, ({ walk }) => walk.done)).toMatchObject({ totals: { jobs: 6, queued: 6 } })
  })

  it('lists what it would send, and sends nothing, as a dry run', async () => {
    const { start, batches, submit, settled, oss } = setup(['a', 'sub/b'])
    start()
    const id = await submit({ dryRun: true })
    expect(await settled(id)).toMatchObject({ state: 'completed', dryRun: true, totals: { jobs: 0, bytesTotal: 20 } })
    expect((await batches.planned(id, { limit: 9, cursor: null })).items).toEqual([
      { path: '/src/dir/a', key: 'out/a', size: 10 },
      { path: '/src/dir/sub/b', key: 'out/sub/b', size: 10 },
    ])
    expect(oss.objects.size).toBe(0)
  })

  it.each([
    ['include alone', { include: ['*.mp4', 'none/'] }],
    ['exclude, which leaves out all that include takes', { include: ['*.txt'], exclude: ['*.txt'] }],
  ])('fails when nothing matched by %s, as a dry run too', async (_by, patterns) => {
    const { start, submit, settled, oss } = setup(['a.txt', 'sub/b.txt'])
    start()
    for (const dryRun of [false, true]) {
      const batch = await settled(await submit({ source: { dir: '/src/dir', ...patterns }, dryRun }))
      expect(batch).toMatchObject({ state: 'failed', totals: { jobs: 0 }, walk: { done: true, problemCount: 1 } })
      expect(batch.walk.problems).toMatchObject([{ path: '/src/dir', code: 'nothing_matched', jobId: null }])
    }
    expect(oss.objects.size).toBe(0)
  })

  it.each([
    ['exclude alone leaves out everything', { dir: '/src/dir', exclude: ['**'] }, 0],
    ['its list is empty', { files: [] }, 0],
    ['include takes one file', { dir: '/src/dir', include: ['b.*'] }, 1],
  ])('is completed when %s', async (_how, source, jobs) => {
    const { start, submit, settled } = setup(['a.txt', 'sub/b.txt'])
    start()
    const batch = await settled(await submit({ source }))
    expect(batch).toMatchObject({ state: 'completed', totals: { jobs, completed: jobs }, walk: { problems: [] } })
  })

  it('has no such problem when the only file that matched cannot be read', async () => {
    const { start, submit, settled, walker } = setup(['a.txt'])
    const problem = { path: '/src/dir/a.txt', code: 'source_unavailable', message: 'no', jobId: null } as const
    walker.walk = async function* () {
      yield { files: [], problems: [problem] }
    }
    start()
    const batch = await settled(await submit({ source: { dir: '/src/dir', include: ['*.txt'] } }))
    expect(batch).toMatchObject({ state: 'failed', walk: { problems: [problem] } })
  })

  it('is refused when there is no such directory, or the prefix is not allowed', async () => {
    const { submit, logs } = setup(['a'])
    await expect(submit({ source: { dir: '/src/nothing' } })).rejects.toMatchObject({ code: 'source_unavailable' })
    expect(logs).toContain('warn A source was refused {"path":"/src/nothing","reason":"There is no such directory"}')
    await expect(submit({ target: { bucket: 'narrow', prefix: 'inx' } })).rejects.toMatchObject({
      code: 'target_not_allowed',
    })
    expect(await submit({ target: { bucket: 'narrow', prefix: 'in' } })).toMatch(/^b-/)
  })
})

describe('a batch of a list', () => {
  it('takes each file under its name or its key, and notes those that it cannot take', async () => {
    const { start, submit, settled, oss, logs } = setup(['a', 'b', 'c'])
    start()
    const files = ['/src/dir/a', { path: '/src/dir/b', key: 'x/y' }, '/src/dir/gone', { path: '/src/dir/c', key: 'a' }]
    const batch = await settled(await submit({ source: { files } }))
    expect(batch.walk.problems).toMatchObject([
      { path: '/src/dir/c', code: 'key_taken' },
      { path: '/src/dir/gone', code: 'source_unavailable' },
    ])
    expect([...oss.objects.keys()].sort()).toEqual(['bucket/out/a', 'bucket/out/x/y'])
    const refused = logs.filter((line) => line.startsWith('warn A source was refused'))
    expect(refused).toEqual(['warn A source was refused {"path":"/src/dir/gone","reason":"no such file"}'])
  })

  it('goes on where it was after a crash', async () => {
    const { startAgent, stopAgent, restartAgent, submit, until, store } = setup(numbered(600))
    const files = numbered(600).map((name) => `/src/dir/${name}`)
    const id = await submit({ source: { files } })
    startAgent()
    await until(id, ({ walk }) => walk.seen >= 256)
    await stopAgent()
    await restartAgent()
    expect(await until(id, ({ walk }) => walk.done)).toMatchObject({ totals: { jobs: 600 }, walk: { seen: 600 } })
    expect((await store.list({ batchId: id }, { limit: 1000, cursor: null })).items).toHaveLength(600)
  })
})

describe('a token that is bound', () => {
  const bound = { name: 'ci', roots: ['/src/dir'], targets: [{ bucket: 'bucket', prefix: 'out/' }] }

  it('makes batches within its bounds, which its jobs carry on, and steers no others', async () => {
    const { startAgent, batches, submit, until, store } = setup(['a'])
    startAgent()
    const request = { source: { dir: '/src/dir' }, target: { bucket: 'bucket', prefix: 'out' } }
    const elsewhere = { ...request, target: { bucket: 'bucket', prefix: 'ou' } }
    await expect(batches.submit(elsewhere, null, bound)).rejects.toMatchObject({ code: 'target_not_allowed' })
    const { batch } = await batches.submit(request, null, bound)
    await until(batch.id, ({ walk }) => walk.done)
    const [job] = (await store.list({ batchId: batch.id }, { limit: 9, cursor: null })).items
    expect(job?.options.roots).toEqual(['/src/dir'])
    await batches.control(batch.id, 'pause', bound)
    const { items } = await store.eventsAfter(null, { batchId: batch.id }, 9)
    expect(items.map(({ type, by }) => [type, by])).toEqual([
      ['job.queued', 'ci'],
      ['job.paused', 'ci'],
    ])
    const other = await submit({ target: { bucket: 'narrow', prefix: 'in' } })
    await expect(batches.control(other, 'cancel', bound)).rejects.toMatchObject({ code: 'forbidden' })
  })
})

describe('retrying a batch', () => {
  it('tries the failed jobs again, and leaves those failed whose source is gone', async () => {
    const { start, batches, submit, settled, oss, files } = setup(['a', 'b', 'c'])
    start()
    for (const name of ['a', 'b']) oss.objects.set(`bucket/out/${name}`, { bytes: Buffer.from('other'), marker: null })
    const id = await submit({ ifExists: 'fail' })
    expect(await settled(id)).toMatchObject({ state: 'failed', totals: { failed: 2, completed: 1 } })
    oss.objects.delete('bucket/out/a')
    oss.objects.delete('bucket/out/b')
    files.files.delete('/src/dir/b')
    expect((await batches.control(id, 'retry', anybody)).state).toBe('running')
    expect(await settled(id)).toMatchObject({ state: 'failed', totals: { failed: 1, completed: 2 } })
    expect([...oss.objects.keys()].sort()).toEqual(['bucket/out/a', 'bucket/out/c'])
  })
})

describe('the manifest of a batch', () => {
  it('has every job with its receipt', async () => {
    const { start, batches, submit, settled } = setup(numbered(5))
    start()
    const id = await submit()
    await settled(id)
    const jobs = []
    for await (const job of await batches.manifest(id)) jobs.push(job)
    expect(jobs.map(({ target }) => target.key).sort()).toEqual(numbered(5).map((name) => `out/${name}`))
    expect(jobs.every(({ receipt }) => receipt?.proof === 'object')).toBe(true)
    await expect(batches.manifest('b-none')).rejects.toMatchObject({ code: 'batch_not_found' })
  })
})
