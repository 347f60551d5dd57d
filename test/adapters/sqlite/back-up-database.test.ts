import { copyFileSync, existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { backUpDatabase } from '../../../src/adapters/sqlite/files/back-up-database.js'
import { checkDatabase } from '../../../src/adapters/sqlite/files/check-database.js'
import { jobRequest } from '../../contract/store-setup.js'
import { makeTemporaryDirectory, openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = async (jobs: number) => {
  const root = makeTemporaryDirectory()
  endings.push(root.remove)
  const directory = join(root.path, 'data')
  const store = await openStore(directory)
  endings.push(() => store.close())
  const submit = (name: string) => store.submit(jobRequest(name), null)
  for (let i = 0; i < jobs; i++) await submit(`job-${i}`)
  return {
    root: root.path,
    database: join(directory, 'longshore.db'),
    target: join(root.path, 'backup.db'),
    submit,
    store,
  }
}

describe('A backup', () => {
  it('is one private file with everything that was committed, made while the daemon works on', async () => {
    const { root, database, target, submit } = await setup(40)
    const working = { on: true }
    const traffic = (async () => {
      for (let i = 0; working.on; i++) await submit(`meanwhile-${i}`)
    })()
    const report = await backUpDatabase(database, target, false)
    working.on = false
    await traffic
    expect(report).toMatchObject({ path: target, problems: [], walBytes: 0 })
    expect(report.jobs).toBeGreaterThanOrEqual(40)
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(readdirSync(root).sort()).toEqual(['backup.db', 'data'])
  })

  it('is a database that a daemon starts from', async () => {
    const { root, database, target, submit } = await setup(3)
    await backUpDatabase(database, target, false)
    await submit('too-late')
    const restored = makeTemporaryDirectory()
    endings.push(restored.remove)
    copyFileSync(target, join(restored.path, 'longshore.db'))
    const store = await openStore(restored.path)
    endings.push(() => store.close())
    expect((await store.get('job-2'))?.id).toBe('job-2')
    expect(await store.get('too-late')).toBeNull()
    expect(existsSync(join(root, 'data'))).toBe(true)
  })

  it('never takes the place of the database it is made of, by whatever name', async () => {
    const { root, database, store, submit } = await setup(2)
    const alias = join(root, 'alias.db')
    symlinkSync(database, alias)
    for (const target of [database, `${database}-wal`, alias]) {
      await expect(backUpDatabase(database, target, true)).rejects.toThrow('is the database itself')
    }
    await submit('later')
    expect((await store.get('later'))?.id).toBe('later')
  })

  it('never replaces a file unless it is told to, and leaves nothing behind when it fails', async () => {
    const { root, database, target } = await setup(1)
    writeFileSync(target, 'mine')
    await expect(backUpDatabase(database, target, false)).rejects.toThrow(/exists/)
    expect((await backUpDatabase(database, target, true)).jobs).toBe(1)
    await expect(backUpDatabase(join(root, 'nothing.db'), join(root, 'b.db'), false)).rejects.toMatchObject({
      exitCode: 74,
    })
    await expect(backUpDatabase(database, join(root, 'no/where.db'), false)).rejects.toMatchObject({ exitCode: 74 })
    expect(readdirSync(root).sort()).toEqual(['backup.db', 'data'])
  })
})

describe('A check', () => {
  it('blames the place it is to be written to, not the database, when that is at fault', async () => {
    const { root, database } = await setup(1)
    const target = join(root, 'nowhere', 'backup.db')
    await expect(backUpDatabase(database, target, false)).rejects.toThrow(
      `The backup ${target} cannot be written: ENOENT`,
    )
  })

  it('finds a live database sound, and changes nothing', async () => {
    const { database } = await setup(5)
    const before = statSync(database).mtimeMs
    expect(checkDatabase(database)).toMatchObject({ jobs: 5, closedCleanly: false, problems: [] })
    expect(statSync(database).mtimeMs).toBe(before)
  })

  it('finds counters that are wrong, rows without their job, and damaged pages', async () => {
    const { database, target } = await setup(200)
    await backUpDatabase(database, target, false)
    const wound = (sql: string): void => {
      const copy = new SqliteDatabase(target)
      copy.pragma('foreign_keys = OFF')
      copy.exec(sql)
      copy.close()
    }
    wound("UPDATE job_counts SET jobs = jobs + 2 WHERE state = 'queued'")
    expect(checkDatabase(target).problems).toEqual(['the counter of queued jobs says 202, but there are 200'])
    wound("UPDATE job_counts SET jobs = jobs - 2, bytes_pending = bytes_pending + 7 WHERE state = 'queued'")
    wound("UPDATE wait_counts SET jobs = 1 WHERE waiting = 'storage'")
    wound("UPDATE webhook_counts SET messages = 3 WHERE state = 'failed'")
    expect(checkDatabase(target).problems).toEqual([
      'the counter of bytes pending of queued jobs says 60007, but there are 60000',
      'the counter of jobs that wait for storage says 1, but there are 0',
      'the counter of failed webhook messages says 3, but there are 0',
    ])
    wound('UPDATE wait_counts SET jobs = 0; UPDATE webhook_counts SET messages = 0')
    wound(
      "UPDATE job_counts SET bytes_pending = bytes_pending - 7 WHERE state = 'queued'; INSERT INTO parts (job_id, part_number, \"offset\", size) VALUES ('nobody', 1, 0, 1)",
    )
    expect(checkDatabase(target).problems).toEqual(['1 rows of parts without their jobs'])

    const bytes = new SqliteDatabase(target).serialize()
    bytes.fill(0x5a, 8 * 4096, 12 * 4096)
    writeFileSync(target, bytes)
    let verdict: string
    try {
      verdict = checkDatabase(target).problems.join(' ')
    } catch (error) {
      verdict = String((error as { exitCode?: number }).exitCode)
    }
    expect(verdict).toMatch(/^65$|page|index|btree|row/i)
    await expect(backUpDatabase(target, `${target}.2`, false)).rejects.toMatchObject({ exitCode: 65 })
  })

  it('refuses what is no database of ours', async () => {
    const { root, target } = await setup(0)
    expect(() => checkDatabase(join(root, 'none.db'))).toThrow(/missing or empty/)
    const other = new SqliteDatabase(target)
    other.exec('CREATE TABLE x (y)')
    other.close()
    expect(() => checkDatabase(target)).toThrow(/another program/)
  })
})
