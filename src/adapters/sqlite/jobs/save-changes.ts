import type SqliteDatabase from 'better-sqlite3'
import type { changingColumnsOf, JobRow } from '../sql/rows.js'

/** These columns say which node holds a job. */
export type LeaseColumns = Pick<JobRow, 'epoch' | 'lease_node' | 'lease_until'>

/**
 * Returns the statement that writes these columns of one job, guarded by the epoch that was read. It says OR FAIL, so
 * that SQLite need not copy pages to be able to undo it, because a change that a constraint refuses was not begun. The
 * caller who meets the error rolls back further.
 */
export const saveSql = (columns: readonly string[]): string =>
  `UPDATE OR FAIL jobs SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE seq = ? AND epoch = ?`

/**
 * Writes the columns that differ from the row that was read, and nothing else, because an index or a trigger of a
 * column that stays as it is costs nothing. Throws when the job is no longer as it was read.
 */
export const createSaveChanges = (database: SqliteDatabase.Database) => {
  const prepared = new Map<string, SqliteDatabase.Statement>()

  const prepare = (columns: readonly string[]): SqliteDatabase.Statement => {
    const key = columns.join()
    const known = prepared.get(key) ?? database.prepare(saveSql(columns))
    prepared.set(key, known)
    return known
  }

  return (row: JobRow, job: ReturnType<typeof changingColumnsOf>, lease: LeaseColumns): void => {
    const columns: string[] = []
    const values: unknown[] = []
    const compare = (after: object): void => {
      for (const [name, value] of Object.entries(after)) {
        if (value === row[name as keyof JobRow]) continue
        columns.push(name)
        values.push(value)
      }
    }
    compare(job)
    compare(lease)
    if (columns.length === 0) return
    values.push(row.seq, row.epoch)
    if (prepare(columns).run(values).changes !== 1) {
      throw new Error('a job changed between its reading and its writing')
    }
  }
}
