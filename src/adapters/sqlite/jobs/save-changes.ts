import type SqliteDatabase from 'better-sqlite3'
import type { Job } from '../../../core/job.js'
import { changingColumns } from '../sql/job-columns.js'
import type { JobRow } from '../sql/rows.js'

/** These columns say which node holds a job. */
export type LeaseColumns = Pick<JobRow, 'epoch' | 'lease_node' | 'lease_until'>

/**
 * Returns the statement that writes these columns of one job, guarded by the epoch that was read. It says OR FAIL, so
 * that SQLite need not copy pages to be able to undo it, because a change that a constraint refuses was not begun. The
 * caller who meets the error rolls back further.
 */
export const saveSql = (columns: readonly string[]): string =>
  `UPDATE OR FAIL jobs SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE seq = ? AND epoch = ?`

const leaseNames = ['epoch', 'lease_node', 'lease_until'] as const
const stepNames = Object.keys(changingColumns) as readonly (keyof typeof changingColumns)[]
const names: readonly string[] = [...stepNames, ...leaseNames]

/**
 * Writes the columns that differ from the row that was read, and nothing else, because an index or a trigger of a
 * column that stays as it is costs nothing. Throws when the job is no longer as it was read.
 */
export const createSaveChanges = (database: SqliteDatabase.Database) => {
  /** The key has a bit for each column that is written. There are fewer columns than a number has exact bits. */
  const prepared = new Map<number, SqliteDatabase.Statement>()

  const prepare = (key: number): SqliteDatabase.Statement => {
    const known = prepared.get(key)
    if (known !== undefined) return known
    const statement = database.prepare(saveSql(names.filter((_name, i) => Math.floor(key / 2 ** i) % 2 === 1)))
    prepared.set(key, statement)
    return statement
  }

  return (row: JobRow, job: Job, lease: LeaseColumns): void => {
    const values: unknown[] = []
    let key = 0
    let bit = 1
    const write = (value: unknown): void => {
      key += bit
      values.push(value)
    }
    for (const name of stepNames) {
      const value = changingColumns[name](job)
      if (value !== row[name]) write(value)
      bit *= 2
    }
    for (const name of leaseNames) {
      if (lease[name] !== row[name]) write(lease[name])
      bit *= 2
    }
    if (key === 0) return
    values.push(row.seq, row.epoch)
    if (prepare(key).run(values).changes !== 1) {
      throw new Error('a job changed between its reading and its writing')
    }
  }
}
