import { existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const withFailpoints = ['--import', here('./failpoint-commits.mjs'), here('./failpoint-main.mjs')]

let world: World
afterEach(() => world.end())

const inParts = { partSize: 100 * 1024, multipartThreshold: 100 * 1024 }

/** Returns the name under which a killed daemon looks at a source, as it stands in its database. */
const asideOf = (jobId: string): string => {
  const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
  try {
    const row = database.prepare('SELECT removal FROM jobs WHERE id = ?').pluck().get(jobId) as string
    return (JSON.parse(row) as { aside: string }).aside
  } finally {
    database.close()
  }
}

describe('deleteSource', () => {
  it.each([
    ['a put', 5_000],
    ['parts', 300_000],
    ['an empty file', 0],
  ])('deletes the source once the object is proven: %s', async (_name, size) => {
    world = await createWorld()
    const daemon = await world.start()
    const path = await world.makeSource('a.bin', size)
    const sha256 = await sha256Of(path)
    const job = { source: { path }, target: { bucket, key: 'a' }, deleteSource: true, ...inParts }
    const done = await daemon.settled((await daemon.submit(job)).id)
    expect(done).toMatchObject({ state: 'completed', sourceRemoval: { state: 'removed', note: null } })
    expect(readdirSync(world.sources)).toEqual([])
    expect(await world.objectSha256('a')).toBe(sha256)
  })

  it('keeps what it must not delete, and the job completes with a note', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const path = await world.makeSource('a.bin', 5_000)
    const run = async (from: string, more: object = {}) => {
      const job = { source: { path: from }, target: { bucket, key: 'a' }, deleteSource: true, ...more }
      return daemon.settled((await daemon.submit(job)).id)
    }
    symlinkSync('a.bin', join(world.sources, 'link'))
    const linked = await run(join(world.sources, 'link'))
    expect(linked).toMatchObject({ state: 'completed', outcome: 'uploaded', sourceRemoval: { state: 'kept' } })
    expect(linked.sourceRemoval?.note).toContain('symbolic link')

    const skipped = await run(path, { ifExists: 'skip' })
    expect(skipped).toMatchObject({ outcome: 'skipped', sourceRemoval: { state: 'kept' } })
    expect(existsSync(path)).toBe(true)

    world.control.addFaults([
      { operation: 'PutObject', bucket, key: 'a', fault: { kind: 'status', status: 403, code: 'AccessDenied' } },
    ])
    expect(await run(path)).toMatchObject({ state: 'failed', sourceRemoval: null })
    expect(existsSync(path)).toBe(true)
  })

  it.each([
    ['before it is renamed', 'store.beginRemoval:after', 'nothing'],
    ['between rename and unlink', 'store.beginRemoval:after', 'rename'],
    ['behind unlink', 'store.finish:before', 'nothing'],
  ] as const)('survives kill -9 %s', async (_name, failpoint, then) => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', 300_000)
    const sha256 = await sha256Of(path)
    const first = await world.start({ FAILPOINT: `${failpoint}@1` }, { program: withFailpoints })
    const job = { source: { path }, target: { bucket, key: 'a' }, deleteSource: true, ...inParts }
    const { id } = await first.submit(job)
    await first.exited
    // This is what the process would have done next.
    if (then === 'rename') renameSync(path, join(dirname(path), asideOf(id)))
    world.control.clearLedger()

    const second = await world.start()
    const done = await second.settled(id)
    expect(done).toMatchObject({ state: 'completed', outcome: 'uploaded', sourceRemoval: { state: 'removed' } })
    expect(done.receipt?.proof).toBe('object')
    expect(readdirSync(world.sources)).toEqual([])
    expect(await world.objectSha256('a')).toBe(sha256)
    // The proof was committed with the intent, so OSS was not asked again.
    const asked = world.control.ledger().entries.filter(({ operation }) => operation !== 'GetObject')
    expect(asked.map(({ operation }) => operation)).toEqual([])
  })

  it('leaves a file that came to its path while the daemon was dead', async () => {
    world = await createWorld()
    const path = await world.makeSource('a.bin', 5_000)
    const first = await world.start({ FAILPOINT: 'store.beginRemoval:after@1' }, { program: withFailpoints })
    const { id } = await first.submit({ source: { path }, target: { bucket, key: 'a' }, deleteSource: true })
    await first.exited
    renameSync(path, `${path}.old`)
    writeFileSync(path, 'somebody else')
    const done = await (await world.start()).settled(id)
    expect(done).toMatchObject({ state: 'completed', sourceRemoval: { state: 'kept' } })
    expect(readFileSync(path, 'utf8')).toBe('somebody else')
    expect(readdirSync(world.sources).sort()).toEqual(['a.bin', 'a.bin.old'])
  })

  it('goes for every file of a batch', async () => {
    world = await createWorld()
    const daemon = await world.start()
    for (const name of ['a', 'b', 'c']) writeFileSync(join(world.sources, name), name)
    const { body } = await daemon.request<BatchView>('POST', '/v1/batches', {
      source: { dir: world.sources },
      target: { bucket, prefix: 'all' },
      deleteSource: true,
    })
    await until(async () => {
      const { state } = (await daemon.request<BatchView>('GET', `/v1/batches/${body.id}`)).body
      return state === 'completed'
    })
    expect(readdirSync(world.sources)).toEqual([])
  })
})
