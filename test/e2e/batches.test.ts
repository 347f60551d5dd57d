import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import { bucket, createWorld, newSeed, seeded, until, type World } from './world.js'

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
      // What is made stays queued, so that the walk is all that is killed.
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
})
