import { existsSync, statSync } from 'node:fs'
import SqliteDatabase from 'better-sqlite3'
import { readMigrations, recogniseSchema } from './migrate.js'
import { asOpenError, StoreOpenError, storeExitCodes } from './store-open-error.js'

/** What was found in a database file. It is sound when `problems` is empty. */
export interface DatabaseReport {
  readonly path: string
  readonly sizeBytes: number
  /** Of the write-ahead log, which a running daemon or a killed one leaves beside the file. */
  readonly walBytes: number
  readonly schemaVersion: number
  /** False while a daemon has it open, and after one that was killed. */
  readonly closedCleanly: boolean
  readonly jobs: number
  readonly events: number
  /** Sentences, at most a hundred. */
  readonly problems: readonly string[]
}

const mostProblems = 100

/** The size of a file, 0 where there is none. */
const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

/** Counters and intents are kept by triggers: what they say must be what a count says. */
const countProblems = (database: SqliteDatabase.Database): string[] => {
  const rows = database
    .prepare(
      `SELECT counted.state, counted.jobs AS counter, count(jobs.id) AS actual
       FROM job_counts AS counted LEFT JOIN jobs ON jobs.state = counted.state
       GROUP BY counted.state HAVING counter <> actual`,
    )
    .all() as { state: string; counter: number; actual: number }[]
  return rows.map(
    ({ state, counter, actual }) => `the counter of ${state} jobs says ${counter}, but there are ${actual}`,
  )
}

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
    problems: [...foreignKeyProblems(database), ...(version === 0 ? [] : countProblems(database))],
  }
}

/**
 * Reads a whole database and changes nothing, whether a daemon has it open or not: every page, index and constraint,
 * foreign keys, and the counters that triggers keep. Throws StoreOpenError when there is none, when it is not ours or
 * newer than we are, and when it cannot be read; what is wrong inside is in the report.
 */
export const checkDatabase = (path: string): DatabaseReport => {
  if (sizeOf(path) === 0) throw new StoreOpenError(storeExitCodes.io, `${path} is no database: it is missing or empty.`)
  try {
    // A daemon that starts or stops may hold it for a moment.
    const database = new SqliteDatabase(path, { timeout: 5000, readonly: true })
    try {
      const version = recogniseSchema(database, readMigrations().length)
      // One snapshot, however long it takes and whatever a daemon writes meanwhile.
      const found = database.transaction(() => examine(database, version))()
      return { path, sizeBytes: sizeOf(path), walBytes: sizeOf(`${path}-wal`), schemaVersion: version, ...found }
    } finally {
      database.close()
    }
  } catch (error) {
    throw asOpenError(error, path)
  }
}
