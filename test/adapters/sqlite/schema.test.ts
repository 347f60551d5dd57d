import SqliteDatabase from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { migrate, readMigrations } from '../../../src/adapters/sqlite/files/migrate.js'
import {
  desires,
  intentKinds,
  type JobState,
  jobStates,
  jobTransitions,
  waitingReasons,
} from '../../../src/core/job.js'
import { partStates } from '../../../src/core/part.js'

const insertJob = (database: SqliteDatabase.Database): void => {
  database.exec(`
    INSERT INTO jobs (id, state, desired, priority, labels, source_path, source_size, source_dev, source_ino,
      source_mtime_ns, source_ctime_ns, bucket, key, endpoint, region, options, created_at)
    VALUES ('a', 'queued', 'run', 0, '{}', '/a', 100, '1', '1', '1', '1', 'b', 'k', 'e', 'r', '{}', 0)`)
}

const setup = () => {
  const database = new SqliteDatabase(':memory:')
  database.pragma('foreign_keys = ON')
  migrate(database, 0, readMigrations())
  insertJob(database)
  return database
}

const definitionOf = (database: SqliteDatabase.Database, table: string): string =>
  database.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table) as string

/** These are the columns with which a job may be in a state, while all others are at rest. */
const lawfulColumns: Readonly<Record<JobState, Readonly<Record<string, string | number | null>>>> = {
  queued: {},
  running: { lease_node: 'n', lease_until: 1 },
  completing: { lease_node: 'n', lease_until: 1 },
  paused: { desired: 'pause' },
  failed: { error: '{}', finished_at: 1 },
  cancelling: { desired: 'cancel' },
  completed: { outcome: 'skipped', finished_at: 1 },
  cancelled: { desired: 'cancel', finished_at: 1 },
}
const atRest = { desired: 'run', lease_node: null, lease_until: null, error: null, finished_at: null, outcome: null }

const moveTo = (database: SqliteDatabase.Database, state: JobState): void => {
  const columns = { ...atRest, ...lawfulColumns[state], state }
  const list = Object.keys(columns).map((name) => `${name} = :${name}`)
  database.prepare(`UPDATE jobs SET ${list.join(', ')} WHERE id = 'a'`).run(columns)
}

/** Puts the job into a state although no transition may lead there. */
const placeIn = (database: SqliteDatabase.Database, state: JobState): void => {
  const trigger = definitionOf(database, 'jobs_move')
  database.exec('DROP TRIGGER jobs_move')
  moveTo(database, state)
  database.exec(trigger)
}

const wordsOf = (definition: string, column: string): string[] =>
  new RegExp(`CHECK \\(${column} IN \\(([^)]*)\\)`).exec(definition)?.[1]?.split(', ') ?? []

/**
 * The schema allows these reasons to wait before any daemon gives them, so that the next reasons need no change of it.
 */
const laterReasons = ['profile']

const quoted = (words: readonly string[]): string[] => words.map((word) => `'${word}'`).sort()

describe('the schema', () => {
  it('names the states, wishes, reasons and intents of core, and no others', () => {
    const database = setup()
    const jobs = definitionOf(database, 'jobs')
    expect(wordsOf(jobs, 'state').sort()).toEqual(quoted(jobStates))
    expect(wordsOf(jobs, 'desired').sort()).toEqual(quoted(desires))
    expect(wordsOf(jobs, 'waiting').sort()).toEqual(quoted([...waitingReasons, ...laterReasons]))
    expect(wordsOf(jobs, 'intent').sort()).toEqual(quoted(intentKinds))
    expect(wordsOf(definitionOf(database, 'parts'), 'state').sort()).toEqual(quoted(partStates))
    expect(database.prepare('SELECT state FROM job_counts ORDER BY state').pluck().all()).toEqual([...jobStates].sort())
  })

  it('allows exactly the transitions of core', () => {
    for (const from of jobStates) {
      for (const to of jobStates) {
        const database = setup()
        placeIn(database, from)
        const move = () => moveTo(database, to)
        if (from === to || jobTransitions[from].includes(to)) expect(move, `${from} -> ${to}`).not.toThrow()
        else expect(move, `${from} -> ${to}`).toThrow('no such transition')
        database.close()
      }
    }
  })

  it('lets a job begin queued only', () => {
    const database = setup()
    placeIn(database, 'paused')
    const columns = database.pragma('table_info(jobs)') as { name: string }[]
    const names = columns.map(({ name }) => name).filter((name) => name !== 'seq')
    const copied = names.map((name) => (name === 'id' ? "'copy'" : name))
    expect(() => database.exec(`INSERT INTO jobs (${names.join(', ')}) SELECT ${copied.join(', ')} FROM jobs`)).toThrow(
      'a job begins queued',
    )
  })

  const forbidden: readonly (readonly [string, JobState, string])[] = [
    ['settles without an instant', 'failed', 'finished_at = NULL'],
    ['is unsettled with an instant of its end', 'queued', 'finished_at = 1'],
    ['fails without an error', 'failed', 'error = NULL'],
    ['has an error while it works', 'running', "error = '{}'"],
    ['has a receipt while it works', 'completing', "receipt = '{}'"],
    ['has an outcome before its end', 'running', "outcome = 'uploaded'"],
    ['is uploaded without a receipt', 'completed', "outcome = 'uploaded'"],
    ['holds a lease without working', 'queued', "lease_until = 1, lease_node = 'n'"],
    ['works without a lease', 'running', 'lease_until = NULL, lease_node = NULL'],
    ['holds a lease of nobody', 'running', 'lease_node = NULL'],
    ['waits while it works', 'running', "waiting = 'backoff', due_at = 1"],
    ['waits without an end', 'queued', "waiting = 'backoff'"],
    ['waits without a reason', 'queued', 'due_at = 1'],
    ['is cancelled against the wish', 'cancelled', "desired = 'run'"],
    ['is to be cancelled and queued', 'queued', "desired = 'cancel'"],
    ['is to be paused and queued', 'queued', "desired = 'pause'"],
    ['is paused against the wish', 'paused', "desired = 'run'"],
    ['holds more bytes than it has', 'running', 'bytes_uploaded = 101'],
    ['holds more parts than it has', 'running', 'parts_uploaded = 1'],
    ['has more parts than OSS allows', 'running', "upload_mode = 'multipart', part_size = 1, part_count = 10001"],
    ['puts several parts', 'running', "upload_mode = 'put', part_size = 1, part_count = 2"],
    ['names an upload that it does not have', 'running', "upload_id = 'u'"],
    ['names a put', 'running', "upload_mode = 'put', part_size = 1, part_count = 1, upload_id = 'u'"],
    ['has half a plan', 'running', "upload_mode = 'put'"],
    ['has a key without its fingerprint', 'queued', "idempotency_key = 'k'"],
    ['has a priority out of range', 'queued', 'priority = 101'],
    ['keeps an instant as text', 'queued', "created_at = 'yesterday'"],
  ]
  for (const [what, state, change] of forbidden) {
    it(`refuses a job that ${what}`, () => {
      const database = setup()
      placeIn(database, state)
      expect(() => database.exec(`UPDATE jobs SET ${change}`)).toThrow(/CHECK constraint failed|cannot store TEXT/)
    })
  }

  it('refuses parts that say half of what they are, or belong to no job', () => {
    const database = setup()
    const insert = (part: string) => () =>
      database.exec(
        `INSERT INTO parts (job_id, part_number, "offset", size, state, etag, crc64, uploaded_at) VALUES (${part})`,
      )
    expect(insert("'a', 1, 0, 1, 'uploaded', 'E', '1', 1")).not.toThrow()
    for (const part of [
      "'a', 0, 0, 1, 'pending', NULL, NULL, NULL",
      "'a', 10001, 0, 1, 'pending', NULL, NULL, NULL",
      "'a', 2, 0, 1, 'uploading', NULL, NULL, NULL",
      "'a', 2, 0, 1, 'uploaded', NULL, '1', 1",
      "'a', 2, 0, 1, 'uploaded', 'E', NULL, 1",
      "'a', 2, 0, 1, 'pending', 'E', NULL, NULL",
    ]) {
      expect(insert(part), part).toThrow('CHECK constraint failed')
    }
    expect(insert("'none', 1, 0, 1, 'pending', NULL, NULL, NULL")).toThrow('FOREIGN KEY')
  })

  it('reads as a person would write it', () => {
    const columns = setup().pragma('table_info(parts)') as { name: string }[]
    expect(columns.map(({ name }) => name)).toEqual([
      'job_id',
      'part_number',
      'offset',
      'size',
      'state',
      'etag',
      'crc64',
      'proven',
      'attempts',
      'uploaded_at',
    ])
  })
})

describe('the second migration', () => {
  it('learns from the jobs that are there where uploads may be, and which Initiates are on their way', () => {
    const migrations = readMigrations()
    const database = new SqliteDatabase(':memory:')
    migrate(database, 0, migrations.slice(0, 1))
    for (const id of ['a', 'b']) {
      database.exec(`
        INSERT INTO jobs (id, state, desired, priority, labels, source_path, source_size, source_dev, source_ino,
          source_mtime_ns, source_ctime_ns, bucket, key, endpoint, region, options, created_at)
        VALUES ('${id}', 'queued', 'run', 0, '{}', '/a', 100, '1', '1', '1', '1', 'bucket', '${id}', 'e', 'r', '{}', 7)`)
    }
    database.exec("UPDATE jobs SET intent = 'initiate' WHERE id = 'b'")
    migrate(database, 1, migrations.slice(0, 2))
    expect(database.prepare('SELECT name FROM buckets').pluck().all()).toEqual(['bucket'])
    expect(database.prepare('SELECT job_id, key, began_at, ended_at, unanswered FROM initiates').all()).toEqual([
      { job_id: 'b', key: 'b', began_at: 7, ended_at: null, unanswered: 1 },
    ])
  })
})

describe('the sixteenth migration', () => {
  it('lets jobs that are there wait for their source, and still for nothing else', () => {
    const migrations = readMigrations()
    const database = new SqliteDatabase(':memory:')
    migrate(database, 0, migrations.slice(0, 15))
    insertJob(database)
    const waitFor = (reason: string) => () =>
      database.prepare("UPDATE jobs SET waiting = ?, due_at = 1 WHERE id = 'a'").run(reason)
    expect(waitFor('source')).toThrow('CHECK constraint failed')
    waitFor('backoff')()
    migrate(database, 15, migrations.slice(0, 16))
    waitFor('source')()
    expect(database.prepare('SELECT waiting, jobs FROM wait_counts WHERE jobs > 0').all()).toEqual([
      { waiting: 'source', jobs: 1 },
    ])
    expect(waitFor('something')).toThrow('CHECK constraint failed')
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  })

  it('leaves the text of the schema as safe from changes as it was', () => {
    const database = setup()
    database.pragma('writable_schema = ON')
    expect(() => database.exec("UPDATE sqlite_schema SET sql = '' WHERE name = 'jobs'")).toThrow('may not be modified')
  })
})

describe('the twenty-third migration', () => {
  it('finds the deadlines of jobs that are there', () => {
    const migrations = readMigrations()
    const database = new SqliteDatabase(':memory:')
    migrate(database, 0, migrations.slice(0, 22))
    insertJob(database)
    database.exec(`UPDATE jobs SET options = '{"notAfter":17}'`)
    migrate(database, 22, migrations.slice(0, 23))
    expect(database.prepare('SELECT not_after FROM jobs').pluck().all()).toEqual([17])
  })
})
