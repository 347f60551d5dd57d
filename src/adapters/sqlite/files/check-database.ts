import SqliteDatabase from 'better-sqlite3'
import type { DatabaseReport } from '../../../core/database-report.js'
import { bytesOf } from './file-system.js'
import { readMigrations, recogniseSchema } from './migrate.js'
import { asOpenError, StoreOpenError, storeExitCodes } from './store-open-error.js'

const mostProblems = 100

/** Describes a counter: its name, what the counter says, and what a count says. */
interface Counted {
  readonly name: string
  readonly counter: number
  readonly actual: number
}

/**
 * These are the counters behind `GET /v1/stats`, each with the schema that brought it. The counters of batches are not
 * among them: they outlive the jobs, so no count can judge them.
 */
const counters: readonly { readonly since: number; readonly sql: string }[] = [
  {
    since: 1,
    sql: `SELECT 'the counter of ' || counted.state || ' jobs' AS name, counted.jobs AS counter, count(jobs.id) AS actual
      FROM job_counts AS counted LEFT JOIN jobs ON jobs.state = counted.state GROUP BY counted.state`,
  },
  {
    since: 1,
    sql: `SELECT 'the counter of bytes pending of ' || counted.state || ' jobs' AS name, counted.bytes_pending AS counter,
        coalesce(sum(iif(jobs.finished_at IS NULL, jobs.source_size - jobs.bytes_uploaded, 0)), 0) AS actual
      FROM job_counts AS counted LEFT JOIN jobs ON jobs.state = counted.state GROUP BY counted.state`,
  },
  {
    since: 10,
    sql: `SELECT 'the counter of jobs that wait for ' || counted.waiting AS name, counted.jobs AS counter, count(jobs.id) AS actual
      FROM wait_counts AS counted LEFT JOIN jobs ON jobs.waiting = counted.waiting GROUP BY counted.waiting`,
  },
  {
    since: 15,
    sql: `SELECT 'the counter of bytes that wait for ' || counted.waiting AS name, counted.bytes_pending AS counter,
        coalesce(sum(jobs.source_size - jobs.bytes_uploaded), 0) AS actual
      FROM wait_counts AS counted LEFT JOIN jobs ON jobs.waiting = counted.waiting GROUP BY counted.waiting`,
  },
  {
    since: 10,
    sql: `SELECT 'the counter of ' || counted.state || ' webhook messages' AS name, counted.messages AS counter, count(webhooks.n) AS actual
      FROM webhook_counts AS counted LEFT JOIN webhooks ON webhooks.state = counted.state GROUP BY counted.state`,
  },
]

const countProblems = (database: SqliteDatabase.Database, version: number): string[] =>
  counters
    .filter(({ since }) => version >= since)
    .flatMap(({ sql }) => database.prepare(`SELECT * FROM (${sql}) WHERE counter <> actual`).all() as Counted[])
    .map(({ name, counter, actual }) => `${name} says ${counter}, but there are ${actual}`)

const foreignKeyProblems = (database: SqliteDatabase.Database): string[] => {
  const rows = database.pragma('foreign_key_check') as { table: string; parent: string }[]
  const tables = new Map<string, number>()
  for (const { table, parent } of rows) {
    const name = `${table} without their ${parent}`
    tables.set(name, (tables.get(name) ?? 0) + 1)
  }
  return [...tables].map(([name, count]) => `${count} rows of ${name}`)
}

const integrityProblems = (database: SqliteDatabase.Database): string[] => {
  const rows = database.pragma(`integrity_check(${mostProblems})`) as { integrity_check: string }[]
  return rows.map((row) => row.integrity_check).filter((verdict) => verdict !== 'ok')
}

const countOf = (database: SqliteDatabase.Database, table: 'jobs' | 'events'): number =>
  database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number

const examine = (database: SqliteDatabase.Database, version: number) => {
  const broken = integrityProblems(database)
  // What is read from a damaged file means nothing.
  if (broken.length > 0) return { jobs: 0, events: 0, closedCleanly: false, problems: broken }
  const clean = database.prepare("SELECT value FROM meta WHERE name = 'clean'").pluck().get()
  return {
    jobs: countOf(database, 'jobs'),
    events: countOf(database, 'events'),
    closedCleanly: clean === '1',
    problems: [...foreignKeyProblems(database), ...countProblems(database, version)],
  }
}

/**
 * Returns what it finds in a whole database, and changes nothing, whether a daemon has it open or not. It reads every
 * page, index and constraint, the foreign keys, and the counters that triggers keep. Throws StoreOpenError when there
 * is no database, when it is not ours or newer than we are, and when it cannot be read. What is wrong inside is in the
 * report.
 */
export const checkDatabase = (path: string): DatabaseReport => {
  if (bytesOf(path) === 0)
    throw new StoreOpenError(storeExitCodes.io, `${path} is no database: it is missing or empty.`)
  try {
    // A daemon that starts or stops may hold the database for a moment.
    const database = new SqliteDatabase(path, { timeout: 5000, readonly: true })
    try {
      const version = recogniseSchema(database, readMigrations().length)
      // The transaction shows one snapshot, however long it takes and whatever a daemon writes meanwhile.
      const found = database.transaction(() => examine(database, version))()
      return { path, sizeBytes: bytesOf(path), walBytes: bytesOf(`${path}-wal`), schemaVersion: version, ...found }
    } finally {
      database.close()
    }
  } catch (error) {
    throw asOpenError(error, path)
  }
}
