import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Exit, runMain } from './daemon-process.js'
import { mountSmallDisk } from './small-disk.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

let world: World
const endings: (() => unknown)[] = []
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
  await world.end()
})

const file = (name = 'longshore.db') => join(world.dataDir, name)
const serve = (settings: Record<string, string> = {}): Promise<Exit> =>
  runMain(['serve'], { ...world.settings, ...settings })

/** Returns the SHA-256 of every file that holds data or says that there is some. */
const hashes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(world.dataDir)
      .filter((name) => /\.(db|db-wal|marker)$/.test(name) && statSync(file(name)).isFile())
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(file(name)))
          .digest('hex'),
      ]),
  )

/** Makes a database with a finished job in it, whose daemon ended by the signal. */
const used = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  const daemon = await world.start()
  const path = await world.makeSource('a.bin', 1000)
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'a' } })
  await daemon.settled(id)
  daemon.kill(signal)
  await daemon.exited
}

const sql = (text: string): void => {
  const database = new SqliteDatabase(file())
  database.exec(text)
  database.close()
}

/** These rows hold what stands in the data directory, what the daemon says about it, and its exit code. */
const refusals: readonly (readonly [string, number, RegExp, () => unknown])[] = [
  ['an empty file where a database was', 65, /missing or empty.*longshore\.marker/, () => writeFileSync(file(), '')],
  ['no file where a database was', 65, /missing or empty.*longshore\.marker/, () => rmSync(file())],
  ['a newer schema', 65, /schema 999, made by a newer Longshore/, () => sql('PRAGMA user_version = 999')],
  ['a database of another program', 65, /another program/, () => sql('PRAGMA application_id = 7')],
  ['a file that is no database', 65, /corrupt/, () => writeFileSync(file(), 'Dear diary. '.repeat(1000))],
  [
    'a directory in its place',
    74,
    /not a regular file/,
    () => {
      rmSync(file())
      mkdirSync(file())
      writeFileSync(join(file(), 'inside'), '')
    },
  ],
]

describe('a start on a database that cannot be used', () => {
  it.each(refusals)('refuses %s with exit code %i and touches nothing', async (_, exitCode, message, spoil) => {
    await used()
    spoil()
    const before = hashes()
    const { code, stderr } = await serve()
    expect(stderr).toMatch(message)
    expect(code).toBe(exitCode)
    // A reader of a database with a write-ahead log makes an empty log where there is none.
    expect(hashes()).toMatchObject(before)
  })

  it('refuses a database whose only log was removed after a kill with exit code 65, instead of beginning anew', async () => {
    await used('SIGKILL')
    rmSync(file('longshore.db-wal'))
    const { code, stderr } = await serve()
    expect(stderr).toMatch(/missing or empty.*longshore\.marker.*-wal/)
    expect(code).toBe(65)
  })

  it('refuses a file that was damaged while its daemon was killed, and touches neither it nor its log', async () => {
    await used()
    const daemon = await world.start()
    daemon.kill('SIGKILL')
    await daemon.exited
    writeFileSync(file(), readFileSync(file()).fill(0xa5, 8192))
    const before = hashes()
    const { code, stderr } = await serve()
    expect(stderr).toMatch(/corrupt/)
    expect(code).toBe(65)
    expect(before).toHaveProperty(['longshore.db-wal'])
    expect(hashes()).toEqual(before)
  })

  it('refuses a read-only file system with exit code 74, and starts where it may write again', async () => {
    const disk = mountSmallDisk(world.dataDir, 4 * mib)
    endings.push(() => disk.unmount())
    await used()
    const before = hashes()
    disk.makeReadOnly()
    const { code, stderr } = await serve()
    expect(stderr).toMatch(/cannot be opened/)
    expect(code).toBe(74)
    expect(hashes()).toEqual(before)
  })

  it('refuses a directory that it may not enter with exit code 74', async () => {
    await used()
    const before = hashes()
    // The superuser's right to ignore modes is taken from the process, and not from the test.
    chownSync(world.dataDir, 65534, 65534)
    endings.push(() => chownSync(world.dataDir, 0, 0))
    const bounds = ['--bounding-set', '-dac_override,-dac_read_search,-fowner,-chown']
    const { status, stderr } = spawnSync('setpriv', [...bounds, process.execPath, main, 'serve'], {
      env: { PATH: process.env['PATH'], ...world.settings, LONGSHORE_LISTEN: '127.0.0.1:0' },
      encoding: 'utf8',
    })
    expect(stderr).toMatch(/cannot be opened: .*(EACCES|EPERM)/)
    expect(status).toBe(74)
    expect(hashes()).toEqual(before)
  })

  it('names the daemon that holds the database, with exit code 75', async () => {
    const daemon = await world.start()
    const { code, stderr } = await serve()
    expect(stderr).toContain(`pid ${daemon.pid}`)
    expect(code).toBe(75)
    expect((await daemon.request('GET', '/readyz')).status).toBe(200)
  })
})

describe('a database that is damaged under its daemon', () => {
  it('ends it with exit code 65, with file and log as they were', async () => {
    await used()
    const daemon = await world.start()
    await until(async () => (await daemon.request('GET', '/readyz')).status === 200)
    const bytes = readFileSync(file())
    writeFileSync(file(), bytes.fill(0xa5, 8192), { flag: 'r+' })
    const before = hashes()
    await daemon.request('GET', '/v1/jobs').catch(() => {})
    const { code, stdout } = await daemon.exited
    expect(code).toBe(65)
    expect(stdout).toContain('corrupt')
    expect(hashes()).toMatchObject({ 'longshore.db': before['longshore.db'] })
    expect((await serve()).code).toBe(65)
  })

  it('is never acknowledged to while another stands in its place, and goes on when it is back', async () => {
    const daemon = await world.start()
    const path = await world.makeSource('a.bin', 1000)
    const job = { source: { path }, target: { bucket, key: 'a' } }
    renameSync(file(), file('kept'))
    cpSync(file('kept'), file())
    const refused = await daemon.request<{ code: string }>('POST', '/v1/jobs', job)
    expect(refused.status).toBe(503)
    expect(refused.body.code).toBe('storage_unavailable')
    expect((await daemon.request('GET', '/readyz')).status).toBe(503)
    expect((await daemon.request('GET', '/v1/jobs')).status).toBe(200)
    expect(world.control.ledger().entries).toEqual([])

    renameSync(file('kept'), file())
    await until(async () => (await daemon.request('GET', '/readyz')).status === 200)
    const { id } = await daemon.submit(job)
    expect((await daemon.settled(id)).state).toBe('completed')
    const reader = new SqliteDatabase(file(), { readonly: true })
    endings.push(() => reader.close())
    expect(reader.prepare('SELECT id FROM jobs').pluck().all()).toEqual([id])
  })
})
