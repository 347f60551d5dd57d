import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
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
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { mountedType, networkFileSystem } from '../../../src/adapters/sqlite/files/file-system.js'
import { StoreOpenError } from '../../../src/adapters/sqlite/files/store-open-error.js'
import { openDatabase } from '../../../src/adapters/sqlite/thread/open.js'
import type { Store } from '../../../src/ports/store.js'
import { jobRequest, leaseMs, multipart, node, threeParts } from '../../contract/store-setup.js'
import { createMemoryLogger, type LogLine, makeTemporaryDirectory, openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = () => {
  const root = makeTemporaryDirectory()
  endings.push(root.remove)
  const directory = join(root.path, 'data')
  const file = (name: string) => join(directory, name)
  const lines: LogLine[] = []
  const open = async (): Promise<Store> => {
    const store = await openStore(directory, { logger: createMemoryLogger(lines) })
    endings.push(() => store.close())
    return store
  }
  /** Makes a database and closes it. */
  const made = async (): Promise<void> => (await open()).close()
  const refusal = async (): Promise<StoreOpenError> => {
    const error = await open().then(
      () => 'it opened',
      (reason: unknown) => reason,
    )
    if (!(error instanceof StoreOpenError)) throw new Error(`not a refusal: ${String(error)}`)
    return error
  }
  return { directory, file, lines, open, made, refusal }
}

const sql = (path: string, text: string): void => {
  const database = new SqliteDatabase(path)
  database.exec(text)
  database.close()
}

/** Starts a process that holds the database until it is killed. */
const holder = async (directory: string): Promise<{ pid: number; kill(): Promise<void> }> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'submit-forever.mjs'), directory, '0'])
  await once(child.stdout, 'data')
  return {
    pid: child.pid as number,
    kill: async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

describe('opening the SQLite store', () => {
  it('makes the directory 0700 and its files 0600 whatever the umask', async () => {
    const before = process.umask(0)
    endings.push(() => process.umask(before))
    const { directory, open } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    const names = readdirSync(directory)
    expect(names).toEqual(
      expect.arrayContaining(['longshore.db', 'longshore.db-wal', 'longshore.lock', 'longshore.pid']),
    )
    for (const name of names) expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o600)
  })

  it('narrows the modes of what it finds', async () => {
    const { directory, file, made } = setup()
    await made()
    chmodSync(directory, 0o755)
    chmodSync(file('longshore.db'), 0o644)
    await made()
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    expect(statSync(file('longshore.db')).mode & 0o777).toBe(0o600)
  })

  it('writes through to the disk at every commit', () => {
    const { directory } = setup()
    const { writer, close } = openDatabase({ directory, node: 'node', at: 0 })
    endings.push(close)
    const read = (pragma: string) => writer.database.pragma(pragma, { simple: true })
    expect(read('journal_mode')).toBe('wal')
    expect(read('synchronous')).toBe(2)
    expect(read('foreign_keys')).toBe(1)
    // A daemon waits for a backup or a shell that holds the lock for a moment.
    expect(read('busy_timeout')).toBe(2_000)
  })

  it('refuses a second daemon in the same process and in another, and names the pid', async () => {
    const { directory, open, made, refusal } = setup()
    await made()
    const { pid, kill } = await holder(directory)
    const refused = await refusal()
    expect(refused.exitCode).toBe(75)
    expect(refused.message).toContain(`pid ${pid}`)
    await kill()
    await open()
    const again = await refusal()
    expect(again.exitCode).toBe(75)
    expect(again.message).toContain(`pid ${process.pid}`)
  })

  it('is free again once the first store is closed', async () => {
    const { open, file } = setup()
    await (await open()).close()
    expect(existsSync(file('longshore.pid'))).toBe(false)
    await expect(open()).resolves.toBeDefined()
  })

  it('lets other programs read while it works', async () => {
    const { open, file } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    const reader = new SqliteDatabase(file('longshore.db'), { readonly: true })
    endings.push(() => reader.close())
    expect(reader.prepare('SELECT id FROM jobs').pluck().all()).toEqual(['a'])
    await expect(store.submit(jobRequest('b'), null)).resolves.toMatchObject({ kind: 'created' })
  })

  it('keeps jobs, events and cursors over a restart', async () => {
    const { open } = setup()
    const first = await open()
    await first.submit(jobRequest('a'), null)
    await first.submit(jobRequest('b'), null)
    const page = await first.list({}, { limit: 1, cursor: null })
    const [event] = (await first.eventsAfter(null, {}, 1)).items
    await first.close()
    const second = await open()
    expect((await second.list({}, { limit: 9, cursor: page.nextCursor })).items).toMatchObject([{ id: 'a' }])
    expect(await second.eventsAfter(event?.id ?? '', {}, 9)).toMatchObject({ reset: false, items: [{ jobId: 'b' }] })
  })

  it('frees all chores and messages, because the process that had them is gone', async () => {
    const { open } = setup()
    const first = await open()
    const webhook = { url: 'https://a.example/', events: ['job.queued'] }
    await first.submit(jobRequest('told', { options: { ...jobRequest('told').options, webhook } }), null)
    const due = { leaseMs, limit: 9, perHost: 9, quotas: [], afterHost: '' }
    const [message] = (await first.takeWebhooks(due)).items
    const held = await first.takeChore({ name: 'walk:b-1', node, leaseMs })
    if (message === undefined || held.kind === 'held') throw new Error('nothing was taken')
    await first.close()

    const second = await open()
    const taken = await second.takeChore({ name: 'walk:b-1', node, leaseMs })
    expect(taken).toMatchObject({ kind: 'taken', chore: { epoch: held.chore.epoch + 1 } })
    expect(await second.keepChore(held.chore, leaseMs)).toBe(false)
    expect((await second.takeWebhooks(due)).items).toMatchObject([{ id: message.id, epoch: message.epoch + 1 }])
  })

  it('releases all leases and keeps intents, pauses and cancels', async () => {
    const { open, lines } = setup()
    const first = await open()
    const ids = ['running', 'completing', 'pausing', 'cancelling']
    for (const id of ids) await first.submit(jobRequest(id), null)
    const { claims } = await first.claim({ node, limit: 9, leaseMs })
    const [running, completing] = claims
    if (running === undefined || completing === undefined) throw new Error('nothing was claimed')
    await first.beginUpload(running.lease, multipart, threeParts)
    await first.beginCompleting(completing.lease)
    await first.control('pausing', { verb: 'pause' })
    await first.control('cancelling', { verb: 'cancel' })
    const before = await first.lastEventId()
    await first.close()

    const second = await open()
    expect(lines.at(-1)?.fields).toMatchObject({ releasedLeases: 4, checkedAfterCrash: false })
    expect(await second.get('running')).toMatchObject({ state: 'queued', intent: 'initiate', attempts: 0, runs: 1 })
    expect(await second.get('completing')).toMatchObject({ state: 'queued', intent: 'complete' })
    expect(await second.get('pausing')).toMatchObject({ state: 'paused' })
    expect(await second.get('cancelling')).toMatchObject({ state: 'cancelling' })
    const { items } = await second.eventsAfter(before, {}, 9)
    expect(items.map(({ jobId, type }) => `${jobId} ${type}`).sort()).toEqual([
      'completing job.queued',
      'pausing job.paused',
      'running job.queued',
    ])
    expect(await second.release(running.lease, { to: 'queued', waiting: null, delayMs: null })).toBe('fenced')
    const again = await second.claim({ node, limit: 9, leaseMs })
    expect(again.claims.map((claim) => claim.job.id)).toEqual(['cancelling', 'running', 'completing'])
  })

  it('asks for a reset after an event that was pruned', async () => {
    const { open, made, file } = setup()
    const first = await open()
    for (const id of ['a', 'b', 'c']) await first.submit(jobRequest(id), null)
    const ids = (await first.eventsAfter(null, {}, 9)).items.map((event) => event.id)
    await first.close()
    sql(file('longshore.db'), 'DELETE FROM events WHERE n <= 2')
    const second = await open()
    expect(await second.eventsAfter(ids[0] ?? '', {}, 9)).toMatchObject({ reset: true, items: [] })
    expect(await second.eventsAfter(ids[1] ?? '', {}, 9)).toMatchObject({ reset: false, items: [{ id: ids[2] }] })
    await second.close()
    sql(file('longshore.db'), 'DELETE FROM events')
    const third = await open()
    expect(await third.lastEventId()).toBe(ids[2])
    expect(await third.eventsAfter(ids[1] ?? '', {}, 9)).toMatchObject({ reset: true })
    expect(await third.eventsAfter(ids[2] ?? '', {}, 9)).toMatchObject({ reset: false })
    await third.close()
    await made()
  })
})

describe('opening what is no sound database', () => {
  it('refuses a file that is none', async () => {
    const { file, made, refusal } = setup()
    await made()
    writeFileSync(file('longshore.db'), 'Dear diary, today I was opened as a database. '.repeat(100))
    expect(await refusal()).toMatchObject({ exitCode: 65 })
  })

  it("refuses another program's database, untouched", async () => {
    const { file, made, refusal } = setup()
    await made()
    for (const name of readdirSync(file('.'))) rmSync(file(name))
    sql(file('longshore.db'), 'CREATE TABLE notes (body TEXT)')
    const before = readFileSync(file('longshore.db'))
    const refused = await refusal()
    expect(refused.exitCode).toBe(65)
    expect(refused.message).toContain('another program')
    expect(readFileSync(file('longshore.db')).equals(before)).toBe(true)
  })

  it('refuses a newer schema, untouched', async () => {
    const { file, made, refusal } = setup()
    await made()
    sql(file('longshore.db'), 'PRAGMA user_version = 999')
    const before = readFileSync(file('longshore.db'))
    const refused = await refusal()
    expect(refused.exitCode).toBe(65)
    expect(refused.message).toMatch(/schema 999.*newer/)
    expect(readFileSync(file('longshore.db')).equals(before)).toBe(true)
  })

  it('refuses to begin anew where a database was lost', async () => {
    const { file, made, refusal } = setup()
    await made()
    truncateSync(file('longshore.db'), 0)
    expect(await refusal()).toMatchObject({ exitCode: 65 })
    rmSync(file('longshore.db'))
    const refused = await refusal()
    expect(refused.exitCode).toBe(65)
    expect(refused.message).toContain('longshore.marker')
    rmSync(file('longshore.marker'))
    await made()
  })

  it('begins in an empty file that was never a database', async () => {
    const { directory, file, made } = setup()
    mkdirSync(directory)
    writeFileSync(file('longshore.db'), '')
    await expect(made()).resolves.toBeUndefined()
  })

  it('checks the whole file after a kill, and only then', async () => {
    const { directory, lines, open, made } = setup()
    await made()
    await made()
    expect(lines.map((line) => line.fields['checkedAfterCrash'])).toEqual([false, false])
    const { kill } = await holder(directory)
    await kill()
    await (await open()).close()
    expect(lines.at(-1)?.fields['checkedAfterCrash']).toBe(true)
    await made()
    expect(lines.at(-1)?.fields['checkedAfterCrash']).toBe(false)
  })

  it('refuses a file that is damaged in the middle after an unclean stop', async () => {
    const { file, open, refusal } = setup()
    const store = await open()
    for (let i = 0; i < 50; i++) await store.submit(jobRequest(`job-${i}`), null)
    await store.close()
    sql(file('longshore.db'), "UPDATE meta SET value = '0' WHERE name = 'clean'")
    const index = new SqliteDatabase(file('longshore.db'), { readonly: true })
    const page = index.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'jobs_target'").pluck().get() as number
    index.close()
    const fd = openSync(file('longshore.db'), 'r+')
    writeSync(fd, Buffer.alloc(64, 0xff), 0, 64, (page - 1) * 4096)
    const refused = await refusal()
    expect(refused.exitCode).toBe(65)
    expect(refused.message).toContain('corrupt')
  })

  it('reports a directory that cannot be made as an I/O error', async () => {
    const { directory, refusal } = setup()
    writeFileSync(directory, 'in the way')
    expect(await refusal()).toMatchObject({ exitCode: 74 })
  })

  it('stops answering when the file is moved away under it', async () => {
    const { file, open } = setup()
    const store = await open()
    await store.submit(jobRequest('a'), null)
    renameSync(file('longshore.db'), file('elsewhere.db'))
    await expect(store.submit(jobRequest('b'), null)).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect(store.check()).rejects.toMatchObject({ code: 'storage_unavailable' })
    renameSync(file('elsewhere.db'), file('longshore.db'))
    await expect(store.check()).resolves.toBeUndefined()
    expect(await store.get('b')).toBeNull()
    expect(await store.get('a')).toMatchObject({ id: 'a' })
  })
})

describe('network file systems', () => {
  const unnamed = () => null

  it('are recognised by the type that statfs gives', () => {
    expect(networkFileSystem(0x6969, unnamed)).toBe('NFS')
    expect(networkFileSystem(0xff534d42, unnamed)).toBe('CIFS')
    expect(networkFileSystem(0xff534d42 | 0, unnamed)).toBe('CIFS')
    expect(networkFileSystem(0xef53, unnamed)).toBeNull()
    expect(networkFileSystem(0x01021994, unnamed)).toBeNull()
  })

  it('hide behind FUSE unless it is known to wrap a local disk', () => {
    const fuse = 0x65735546
    expect(networkFileSystem(fuse, () => 'fuse.sshfs')).toBe('fuse.sshfs')
    expect(networkFileSystem(fuse, () => 'fuse.ossfs')).toBe('fuse.ossfs')
    expect(networkFileSystem(fuse, unnamed)).toBe('FUSE')
    expect(networkFileSystem(fuse, () => 'fuse.fuse-overlayfs')).toBeNull()
  })

  it('are named by the mount of their device', () => {
    const mountinfo = [
      '22 27 0:21 / /proc rw,relatime - proc proc rw',
      '97 28 0:53 / /mnt/remote rw,nosuid shared:50 - fuse.sshfs host:/srv rw,user_id=0',
    ].join('\n')
    expect(mountedType(mountinfo, 53)).toBe('fuse.sshfs')
    expect(mountedType(mountinfo, 54)).toBeNull()
    const here = statSync('/proc').dev
    expect(mountedType(readFileSync('/proc/self/mountinfo', 'utf8'), here)).toBe('proc')
  })
})
