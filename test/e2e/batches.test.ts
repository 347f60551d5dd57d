import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import type { JobView } from '../../src/core/job-view.js'
import { cli, startCli } from '../cli/run-cli.js'
import { bucket, createWorld, mib, newSeed, seeded, sha256Of, until, type World } from './world.js'

interface Page<T> {
  readonly items: readonly T[]
}

let world: World
afterEach(() => world.end())

const files = 4000
const kills = 3

describe('kill -9 while a directory of thousands of files is walked', () => {
  it('makes one job of each file, nothing twice and nothing lost', { timeout: 240_000 }, async () => {
    const seed = newSeed()
    process.stdout.write(`batches: SEED=${seed}\n`)
    const random = seeded(seed)
    world = await createWorld()
    const names = Array.from({ length: files }, (_, i) => `d${i % 40}/f${i}`)
    for (let i = 0; i < 40; i++) mkdirSync(join(world.sources, `d${i}`))
    for (const name of names) writeFileSync(join(world.sources, name), name)
    symlinkSync('.', join(world.sources, 'loop'))
    writeFileSync(Buffer.concat([Buffer.from(`${world.sources}/bad`), Buffer.from([0xff])]), '')
    writeFileSync(join(world.sources, 'new\nline'), '')

    let daemon = await world.start()
    const request = {
      source: { dir: world.sources, followSymlinks: true },
      target: { bucket, prefix: 'all' },
      // The jobs stay queued, so that only the walk is killed.
      notBefore: '2100-01-01T00:00:00Z',
    }
    const { status, body } = await daemon.request<BatchView>('POST', '/v1/batches', request)
    expect([status, body.state]).toEqual([201, 'scanning'])
    const look = async () => (await daemon.request<BatchView>('GET', `/v1/batches/${body.id}`)).body
    let killedAt = 0
    for (let kill = 1; kill <= kills; kill++) {
      const goal = ((kill - 1 + random()) / (kills + 1)) * files
      await until(async () => (await look()).walk.seen >= goal)
      killedAt = (await look()).walk.done ? killedAt : kill
      daemon.kill('SIGKILL')
      await daemon.exited
      daemon = await world.start()
    }
    await until(async () => (await look()).walk.done)
    process.stdout.write(`batches: the walk was on its way at ${killedAt} of ${kills} kills\n`)
    expect(killedAt).toBeGreaterThan(0)
    const batch = await look()
    expect(batch.totals).toMatchObject({ jobs: files, queued: files })
    expect(batch.walk).toMatchObject({ seen: files + 2, problemCount: 2 })
    expect(batch.walk.problems.map(({ code }) => code).sort()).toEqual(['key_invalid', 'name_not_utf8'])

    const cancelled = await daemon.request<BatchView>('POST', `/v1/batches/${body.id}/cancel`)
    expect([cancelled.status, cancelled.body.state]).toEqual([202, 'cancelling'])
    await until(async () => (await look()).state === 'cancelled')
    daemon.kill('SIGKILL')
    await daemon.exited
    const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
    const keys = database.prepare('SELECT key FROM jobs ORDER BY key').pluck().all()
    const events = database.prepare("SELECT count(*) FROM events WHERE type = 'batch.completed'").pluck().get()
    database.close()
    expect(keys).toEqual(names.map((name) => `all/${name}`).sort())
    expect(events).toBe(1)
  })
})

describe('a batch over HTTP', () => {
  it('uploads a directory, says what became of each file, and leaves the rest of the disk alone', async () => {
    world = await createWorld()
    for (let i = 0; i < 30; i++) await world.makeSource(`f${i}`, 1000 + i)
    symlinkSync('/etc/passwd', join(world.sources, 'passwd'))
    const daemon = await world.start()
    const request = { source: { dir: world.sources }, target: { bucket, prefix: 'x/' }, labels: { run: '1' } }
    const { body } = await daemon.request<BatchView>('POST', '/v1/batches', request)
    const wait = await daemon.request<object>('GET', `/v1/wait?batch=${body.id}&timeout=50s`)
    expect([wait.status, wait.body]).toEqual([200, { pending: 0, completed: 30, failed: 0, cancelled: 0 }])
    const batch = (await daemon.request<BatchView>('GET', `/v1/batches/${body.id}`)).body
    expect(batch).toMatchObject({ state: 'completed', totals: { jobs: 30, completed: 30 }, walk: { problems: [] } })
    expect(await world.objectSha256('x/f7')).not.toBeNull()
    expect(await world.objectSha256('x/passwd')).toBeNull()
    const again = await daemon.request<BatchView>('POST', '/v1/batches', { ...request, ifExists: 'skipSame' })
    await daemon.request('GET', `/v1/wait?batch=${again.body.id}&timeout=50s`)
    expect((await daemon.request<BatchView>('GET', `/v1/batches/${again.body.id}`)).body).toMatchObject({
      state: 'completed',
      totals: { completed: 30, skipped: 30 },
    })
  })

  it('takes what the patterns say, below its labels, and passes over what is no file', async () => {
    world = await createWorld()
    const daemon = await world.start()
    for (const name of ['tmp', 'sub', '.hidden']) mkdirSync(join(world.sources, name))
    for (const name of ['a.mp4', 'a.txt', 'tmp/b.mp4', 'sub/c.mp4', '.hidden/d.mp4']) await world.makeSource(name, 5)
    execFileSync('mkfifo', [join(world.sources, 'fifo.mp4')])
    const request = {
      source: { dir: world.sources, include: ['**/*.mp4'], exclude: ['tmp'] },
      target: { bucket, prefix: 'p' },
      labels: { run: '7' },
    }
    const keys = ['p/.hidden/d.mp4', 'p/a.mp4', 'p/sub/c.mp4']
    const dry = (await daemon.request<BatchView>('POST', '/v1/batches', { ...request, dryRun: true })).body
    await until(async () => (await daemon.request<BatchView>('GET', `/v1/batches/${dry.id}`)).body.finishedAt !== null)
    const planned = await daemon.request<Page<{ key: string }>>('GET', `/v1/batches/${dry.id}/files`)
    expect(planned.body.items.map(({ key }) => key).sort()).toEqual(keys)
    expect((await daemon.request<Page<JobView>>('GET', '/v1/jobs')).body.items).toEqual([])

    const { body } = await daemon.request<BatchView>('POST', '/v1/batches', request)
    await daemon.request('GET', `/v1/wait?batch=${body.id}&timeout=50s`)
    const jobs = (await daemon.request<Page<JobView>>('GET', `/v1/batches/${body.id}/jobs`)).body.items
    expect(jobs.map(({ target }) => target.key).sort()).toEqual(keys)
    expect(
      jobs.every(({ labels, batchId, state }) => labels['run'] === '7' && batchId === body.id && state === 'completed'),
    ).toBe(true)
    expect((await daemon.request<BatchView>('GET', `/v1/batches/${body.id}`)).body).toMatchObject({
      state: 'completed',
      walk: { done: true, seen: 3, problems: [] },
      totals: { jobs: 3, completed: 3, bytesTotal: 15, bytesUploaded: 15 },
    })
  })

  it('of a list takes keys, ends failed for what cannot be read, and tries again what failed', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const a = await world.makeSource('a', 10)
    const b = await world.makeSource('b', 10)
    const files = [a, { path: b, key: 'x/b' }, join(world.sources, 'nothing')]
    const request = { source: { files }, target: { bucket, prefix: 'l/' }, ifExists: 'fail' }
    const finish = async (id: string) => {
      await daemon.request('GET', `/v1/wait?batch=${id}&timeout=50s`)
      await until(async () => (await daemon.request<BatchView>('GET', `/v1/batches/${id}`)).body.finishedAt !== null)
      return (await daemon.request<BatchView>('GET', `/v1/batches/${id}`)).body
    }
    const first = await finish((await daemon.request<BatchView>('POST', '/v1/batches', request)).body.id)
    expect(first).toMatchObject({ state: 'failed', totals: { completed: 2 }, walk: { seen: 3, problemCount: 1 } })
    expect(first.walk.problems[0]).toMatchObject({ code: 'source_unavailable', path: join(world.sources, 'nothing') })
    expect(await world.objectSha256('l/x/b')).toBe(await sha256Of(b))

    const { id } = (await daemon.request<BatchView>('POST', '/v1/batches', { ...request, source: { files: [a, b] } }))
      .body
    expect(await finish(id)).toMatchObject({ state: 'failed', totals: { failed: 1, completed: 1 } })
    // A retry tries the failed jobs alone, and they fail for the same reason.
    expect((await daemon.request('POST', `/v1/batches/${id}/retry`)).status).toBe(202)
    expect(await finish(id)).toMatchObject({ state: 'failed', totals: { failed: 1, completed: 1 } })
    const runs = (await daemon.request<Page<JobView>>('GET', `/v1/batches/${id}/jobs`)).body.items
    expect(runs.map((job) => [job.state, job.runs]).sort()).toEqual([
      ['completed', 1],
      ['failed', 2],
    ])
    // A retry does not walk again. The file that exists now stays a problem, and a new batch includes it.
    await world.makeSource('nothing', 10)
    expect((await daemon.request('POST', `/v1/batches/${first.id}/retry`)).status).toBe(202)
    expect(await finish(first.id)).toMatchObject({ state: 'failed', totals: { jobs: 2 }, walk: { problemCount: 1 } })
    const again = { ...request, ifExists: 'skipSame' }
    expect(await finish((await daemon.request<BatchView>('POST', '/v1/batches', again)).body.id)).toMatchObject({
      state: 'completed',
      totals: { completed: 3, skipped: 2 },
    })
  })

  it('is one batch under its Idempotency-Key, paused and pending until it is resumed, over a kill -9', async () => {
    world = await createWorld()
    for (let i = 0; i < 3; i++) await world.makeSource(`f${i}`, 10)
    let daemon = await world.start()
    const request = { source: { dir: world.sources }, target: { bucket }, notBefore: '2100-01-01T00:00:00Z' }
    const key = { 'idempotency-key': 'once' }
    const { id } = (await daemon.request<BatchView>('POST', '/v1/batches', request, key)).body
    expect((await daemon.request('POST', `/v1/batches/${id}/pause`)).status).toBe(202)
    daemon.kill('SIGKILL')
    await daemon.exited
    daemon = await world.start()
    const repeated = await daemon.request<BatchView>('POST', '/v1/batches', request, key)
    expect([repeated.status, repeated.body.id, repeated.headers.get('idempotency-replayed')]).toEqual([201, id, 'true'])
    expect((await daemon.request<Page<BatchView>>('GET', '/v1/batches')).body.items).toHaveLength(1)
    const look = async () => (await daemon.request<BatchView>('GET', `/v1/batches/${id}`)).body
    expect((await daemon.request('POST', `/v1/batches/${id}/pause`)).status).toBe(202)
    await until(async () => (await look()).state === 'paused')
    expect((await daemon.request('GET', `/v1/wait?batch=${id}&timeout=1`)).status).toBe(202)
    expect((await daemon.request('POST', `/v1/batches/${id}/resume`)).status).toBe(202)
    await until(async () => (await look()).totals.queued === 3 && (await look()).walk.done)
    expect((await look()).state).toBe('running')
  })

  it('is what longshore put makes of several paths, and waits for', async () => {
    world = await createWorld()
    mkdirSync(join(world.sources, 'dir'))
    for (const name of ['a', 'b', 'dir/c']) await world.makeSource(name, 10)
    const daemon = await world.start()
    const paths = ['a', 'b', 'dir'].map((name) => join(world.sources, name))
    const env = { LONGSHORE_URL: daemon.url }
    const { code, text } = await cli(['put', ...paths, `oss://${bucket}/in`, '--wait'], env)
    expect([code, text.match(/completed/g)?.length]).toEqual([0, 2])
    for (const name of ['a', 'b', 'dir/c']) {
      expect(await world.objectSha256(`in/${name}`)).toBe(await sha256Of(join(world.sources, name)))
    }
    expect((await daemon.request<Page<BatchView>>('GET', '/v1/batches')).body.items).toHaveLength(2)
  })

  it('is drawn on a terminal: the total, and a bar for each big file at work', async () => {
    world = await createWorld({ bandwidth: 12_000_000 })
    mkdirSync(join(world.sources, 'dir'))
    await world.makeSource('dir/big.bin', 30 * mib)
    await world.makeSource('dir/small', 10)
    const daemon = await world.start()
    const env = { LONGSHORE_URL: daemon.url }
    const putting = startCli(['put', join(world.sources, 'dir'), `oss://${bucket}/`, '--wait'], env, true)
    await putting.sees(/1 of 2 files, .*ETA/)
    await putting.sees(/big\.bin +█+░+ +\d+% +30\.0 MiB +\S+ MiB\/s/)
    expect(await putting.exited).toBe(0)
    expect(putting.text()).toMatch(/2 of 2 files, 30\.0 MiB of 30\.0 MiB \(100%\)/)
    expect(putting.text()).toMatch(/completed {2}2 of 2 files, 30\.0 MiB of 30\.0 MiB\n$/)
  })
})
