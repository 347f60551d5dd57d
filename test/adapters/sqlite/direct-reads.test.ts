import { existsSync } from 'node:fs'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { createDirectReads } from '../../../src/adapters/sqlite/thread/direct-reads.js'
import type { ReadConnection } from '../../../src/adapters/sqlite/thread/read-connection.js'
import { jobRequest, leaseMs, multipart, node, sent, threeParts } from '../../contract/store-setup.js'
import { createMemoryLogger, type LogLine, makeTemporaryDirectory, openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const page = { limit: 10, cursor: null }

/** Opens a store and resolves once it reads without its thread: such a read is part of no group. */
const setup = async () => {
  const directory = makeTemporaryDirectory()
  endings.push(directory.remove)
  const lines: LogLine[] = []
  const store = await openStore(directory.path, { logger: createMemoryLogger(lines), readDirectlyAfterMs: 0 })
  endings.push(store.close)
  const groups = (): number => lines.filter(({ message }) => message === 'committed a group').length
  for (let before = -1; before !== groups(); ) {
    before = groups()
    await store.get('nobody')
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { directory: directory.path, store, groups }
}

describe('reads of one job or batch', () => {
  it('are answered while a write waits for the database', async () => {
    const { directory, store } = await setup()
    await store.submit(jobRequest('early'), null)
    const other = new SqliteDatabase(join(directory, 'longshore.db'))
    endings.push(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    let isWritten = false
    const late = store.submit(jobRequest('late'), null).then(() => {
      isWritten = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(await store.get('early')).toMatchObject({ id: 'early' })
    expect(await store.get('late')).toBeNull()
    expect(await store.parts('early', page)).toEqual({ items: [], nextCursor: null })
    expect(await store.getBatch('none')).toBeNull()
    expect(isWritten).toBe(false)
    other.exec('ROLLBACK')
    await late
    expect(await store.get('late')).toMatchObject({ id: 'late' })
  })

  it('see all that was answered, without a turn of the thread', async () => {
    const { store, groups } = await setup()
    for (let n = 0; n < 50; n += 1) {
      const { job } = (await store.submit(jobRequest(`job-${n}`), null)) as { job: { id: string } }
      const before = groups()
      expect(await store.get(`job-${n}`)).toEqual(job)
      expect(groups()).toBe(before)
    }
    const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
    if (claim === undefined) throw new Error('nothing to claim')
    await store.beginUpload(claim.lease, { ...multipart, uploadId: null }, threeParts)
    for (const number of [1, 2, 3]) {
      await store.commitParts(claim.lease, [sent(number)])
      const before = groups()
      const { items } = await store.parts(claim.job.id, page)
      expect(items.map(({ state }) => state)).toEqual([1, 2, 3].map((n) => (n <= number ? 'uploaded' : 'pending')))
      expect(groups()).toBe(before)
    }
  })

  it('are refused as the thread refuses them', async () => {
    const { store } = await setup()
    await expect(store.parts('job', { limit: 10, cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'invalid_request',
    })
    await store.close()
    await expect(store.get('job')).rejects.toMatchObject({ code: 'storage_unavailable' })
  })

  it('keep neither the log from being folded into the file at a clean stop, nor a checkpoint from its work', async () => {
    const { directory, store } = await setup()
    const wal = join(directory, 'longshore.db-wal')
    await store.submit(jobRequest('job'), null)
    await store.get('job')
    const other = new SqliteDatabase(join(directory, 'longshore.db'))
    // The whole log can be copied and cut to nothing only while no reader stands in it.
    expect(other.pragma('wal_checkpoint(TRUNCATE)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }])
    other.close()
    expect(await store.get('job')).toMatchObject({ id: 'job' })
    expect(existsSync(wal)).toBe(true)
    await store.close()
    expect(existsSync(wal)).toBe(false)
  })
})

describe('direct reads', () => {
  const connection: ReadConnection = {
    operations: { get: () => null, getBatch: () => null, parts: () => ({ items: [], nextCursor: null }) },
    close: () => undefined,
  }
  const setupReads = (open = () => connection, afterMs = 0) => {
    const clock = { at: 0 }
    const lines: LogLine[] = []
    const opened = { times: 0 }
    const reads = createDirectReads({
      open: async () => () => {
        opened.times += 1
        return open()
      },
      afterMs,
      clock: { monotonic: () => clock.at },
      logger: createMemoryLogger(lines),
    })
    return { clock, lines, opened, reads }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  it('ask the thread in the first moments, and open nothing then', async () => {
    const { reads, opened, clock } = setupReads(undefined, 2_000)
    clock.at = 1_999
    expect(reads.attempt(() => 1)).toBeNull()
    await turn()
    expect(opened.times).toBe(0)
    clock.at = 2_000
    expect(reads.attempt(() => 1)).toBeNull()
    await turn()
    expect(opened.times).toBe(1)
    expect(reads.attempt(() => 1)).toEqual({ value: 1 })
  })

  it('ask the thread until the connection is open, and whenever a read fails', async () => {
    const { reads, opened } = setupReads()
    expect(reads.attempt(() => 1)).toBeNull()
    expect(reads.attempt(() => 1)).toBeNull()
    await turn()
    expect(opened.times).toBe(1)
    expect(reads.attempt(() => 1)).toEqual({ value: 1 })
    const broken = () => {
      throw new Error('disk I/O error')
    }
    expect(reads.attempt(broken)).toBeNull()
    expect(reads.attempt(() => null)).toEqual({ value: null })
  })

  it('rest for ten seconds after a slow read', async () => {
    const { reads, clock } = setupReads()
    reads.attempt(() => 1)
    await turn()
    const slowly = () => {
      clock.at += 101
      return 1
    }
    expect(reads.attempt(slowly)).toEqual({ value: 1 })
    expect(reads.attempt(() => 1)).toBeNull()
    clock.at += 10_000
    expect(reads.attempt(() => 1)).toEqual({ value: 1 })
  })

  it('say so when no connection can be opened, and try again after ten seconds', async () => {
    const { reads, clock, opened, lines } = setupReads(() => {
      throw new Error('unable to open database file')
    })
    for (const _ of [1, 2, 3]) {
      expect(reads.attempt(() => 1)).toBeNull()
      await turn()
    }
    expect(opened.times).toBe(1)
    expect(lines).toMatchObject([{ level: 'warn', fields: { reason: 'unable to open database file' } }])
    clock.at += 10_000
    reads.attempt(() => 1)
    await turn()
    expect(opened.times).toBe(2)
  })

  it('open nothing once they are closed', async () => {
    const { reads, opened } = setupReads()
    reads.attempt(() => 1)
    reads.close()
    await turn()
    expect(opened.times).toBe(0)
    expect(reads.attempt(() => 1)).toBeNull()
  })
})
