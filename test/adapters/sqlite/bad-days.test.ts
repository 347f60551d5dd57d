import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreOpenError } from '../../../src/adapters/sqlite/files/store-open-error.js'
import type { StoreFailure } from '../../../src/adapters/sqlite/thread/protocol.js'
import { jobRequest } from '../../contract/store-setup.js'
import { makeTemporaryDirectory, openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const names = ['longshore.db', 'longshore.db-wal', 'longshore.marker']

const setup = () => {
  const root = makeTemporaryDirectory()
  endings.push(root.remove)
  const directory = join(root.path, 'data')
  const file = (name = 'longshore.db') => join(directory, name)
  const open = async (onFatal: (failure: StoreFailure) => void = () => {}) => {
    const store = await openStore(directory, { onFatal })
    endings.push(() => store.close())
    return store
  }
  const refusal = async (): Promise<StoreOpenError> => {
    const error = await openStore(directory).then(
      () => 'it opened',
      (reason: unknown) => reason,
    )
    if (!(error instanceof StoreOpenError)) throw new Error(`not a refusal: ${String(error)}`)
    return error
  }
  /** Makes what a kill leaves behind: the files of a store that is open, with what was committed still in the log. */
  const killed = async (jobs: number, sql?: string): Promise<void> => {
    const live = makeTemporaryDirectory()
    const store = await openStore(live.path)
    for (let i = 0; i < jobs; i++) await store.submit(jobRequest(`job-${i}`), null)
    if (sql !== undefined) {
      const other = new SqliteDatabase(join(live.path, 'longshore.db'))
      other.exec(sql)
      other.close()
    }
    mkdirSync(directory)
    for (const name of names) cpSync(join(live.path, name), file(name))
    await store.close()
    live.remove()
  }
  return { directory, file, open, refusal, killed }
}

const hashesOf = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => names.includes(name))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  )

/** Overwrites everything behind the first pages, as a failing disk would. */
const damage = (path: string): void => {
  const fd = openSync(path, 'r+')
  const size = statSync(path).size
  writeSync(fd, Buffer.alloc(size - 8192, 0xa5), 0, size - 8192, 8192)
}

describe('a database found damaged', () => {
  it('at run time ends the store with exit code 65 and stays as it is, its log too', async () => {
    const { directory, file, open } = setup()
    const first = await open()
    for (let i = 0; i < 200; i++) await first.submit(jobRequest(`job-${i}`), null)
    await first.close()
    let fail: (failure: StoreFailure) => void = () => {}
    const failed = new Promise<StoreFailure>((resolve) => {
      fail = resolve
    })
    const store = await open((failure) => fail(failure))
    damage(file())
    const before = hashesOf(directory)
    const pending = [store.list({}, { limit: 100, cursor: null }), store.submit(jobRequest('late'), null)]
    const answers = await Promise.allSettled(pending)
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await failed).toMatchObject({ exitCode: 65, message: expect.stringContaining('corrupt') })
    await expect(store.get('job-1')).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(statSync(file('longshore.db-wal')).size).toBeGreaterThan(0)
    expect(hashesOf(directory)).toEqual(before)
  })

  it('at the start after a kill is refused with exit code 65 and stays as it is, its log too', async () => {
    const { directory, file, refusal, killed } = setup()
    await killed(50)
    const checkpointed = new SqliteDatabase(file())
    checkpointed.pragma('wal_checkpoint(TRUNCATE)')
    checkpointed.exec("UPDATE meta SET value = '7' WHERE name = 'checked_at'")
    for (const name of names) cpSync(file(name), file(`kept-${name}`))
    checkpointed.close()
    for (const name of names) renameSync(file(`kept-${name}`), file(name))
    damage(file())
    const before = hashesOf(directory)
    expect(await refusal()).toMatchObject({ exitCode: 65, message: expect.stringContaining('corrupt') })
    expect(hashesOf(directory)).toEqual(before)
  })

  it.each([
    ['a newer schema', 'PRAGMA user_version = 999', /schema 999.*newer/],
    ['the mark of another program', 'PRAGMA application_id = 7', /another program/],
  ])('with %s in its log is refused with exit code 65 and stays as it is', async (_, sql, message) => {
    const { directory, refusal, killed } = setup()
    await killed(3, sql)
    const before = hashesOf(directory)
    const refused = await refusal()
    expect(refused.exitCode).toBe(65)
    expect(refused.message).toMatch(message)
    expect(hashesOf(directory)).toEqual(before)
  })

  it('is not what a kill leaves: everything that was committed is there', async () => {
    const { open, killed } = setup()
    await killed(3)
    expect((await (await open()).stats()).jobs.queued).toBe(3)
  })
})

describe('a path where no database can be', () => {
  it.each([
    ['the database', 'longshore.db'],
    ['the lock', 'longshore.lock'],
  ])('refuses a directory in the place of %s with exit code 74', async (_, name) => {
    const { file, refusal } = setup()
    mkdirSync(file(name), { recursive: true })
    expect(await refusal()).toMatchObject({ exitCode: 74, message: expect.stringContaining('not a regular file') })
  })
})

describe('a database whose files change under it', () => {
  const away = (path: string) => renameSync(path, `${path}.away`)
  const replace = (path: string, bytes: Buffer) => {
    away(path)
    writeFileSync(path, bytes)
  }
  it.each<[string, (file: (name?: string) => string) => void]>([
    ['the file is removed', (file) => rmSync(file())],
    ['the file is replaced by a copy', (file) => replace(file(), readFileSync(file()))],
    ['the file is replaced by an empty one', (file) => replace(file(), Buffer.alloc(0))],
    ['the log is removed', (file) => rmSync(file('longshore.db-wal'))],
    ['the log is replaced', (file) => replace(file('longshore.db-wal'), Buffer.alloc(0))],
    ['the index of the log is removed', (file) => rmSync(file('longshore.db-shm'))],
    ['the directory is moved away', (file) => away(dirname(file()))],
  ])('acknowledges no write when %s, and still reads', async (_, change) => {
    const { file, open } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    change(file)
    await expect(store.submit(jobRequest('b'), null)).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect(store.claim({ node: 'n', limit: 1, leaseMs: 1 })).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(await store.get('a')).toMatchObject({ id: 'a', state: 'queued' })
    expect(await store.get('b')).toBeNull()
  })

  it('goes on when the directory is put back, and has what was acknowledged', async () => {
    const { directory, open } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    renameSync(directory, `${directory}.away`)
    await expect(store.submit(jobRequest('b'), null)).rejects.toMatchObject({ code: 'storage_unavailable' })
    renameSync(`${directory}.away`, directory)
    await store.submit(jobRequest('c'), null)
    await store.close()
    const again = await open()
    expect(await Promise.all(['a', 'b', 'c'].map(async (id) => (await again.get(id))?.id))).toEqual([
      'a',
      undefined,
      'c',
    ])
  })

  it('saves what a removed log held when it is closed, for the next start', async () => {
    const { file, open } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    rmSync(file('longshore.db-wal'))
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' })
    await store.close()
    expect(await (await open()).get('a')).toMatchObject({ id: 'a' })
  })

  it('keeps the log of a file that was moved away, so that putting it back loses nothing', async () => {
    const { file, open, refusal } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    renameSync(file(), file('elsewhere'))
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' })
    await store.close()
    expect(existsSync(file('longshore.db-wal'))).toBe(true)
    expect(await refusal()).toMatchObject({ exitCode: 65, message: expect.stringContaining('missing or empty') })
    renameSync(file('elsewhere'), file())
    expect(await (await open()).get('a')).toMatchObject({ id: 'a' })
  })

  it('ends with exit code 65 when the file is cut to nothing', async () => {
    const { file, open, refusal } = setup()
    const first = await open()
    for (let i = 0; i < 200; i++) await first.submit(jobRequest(`job-${i}`), null)
    await first.close()
    const failures: StoreFailure[] = []
    const store = await open((failure) => failures.push(failure))
    truncateSync(file(), 0)
    await expect(store.list({}, { limit: 100, cursor: null })).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(failures).toMatchObject([{ exitCode: 65 }])
    expect(await refusal()).toMatchObject({ exitCode: 65 })
  })
})
