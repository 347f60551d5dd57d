import SqliteDatabase from 'better-sqlite3'
import { sqliteCodeOf } from './medium-error.js'
import { recogniseSchema } from './migrate.js'
import { StoreOpenError, storeExitCodes } from './store-open-error.js'

export interface Findings {
  /** This is the number of the schema. It is 0 for an empty file. */
  readonly version: number
  /** It is true when the last daemon did not close the database, so that the whole file was checked. */
  readonly checkedAfterCrash: boolean
}

const checkWhole = (database: SqliteDatabase.Database): void => {
  const verdict = database.pragma('quick_check(1)', { simple: true })
  if (verdict !== 'ok') {
    throw new StoreOpenError(
      storeExitCodes.corrupt,
      `${database.name} is corrupt: ${String(verdict)}. Restore a backup.`,
    )
  }
}

const look = (path: string, newest: number, readonly: boolean): Findings => {
  const database = new SqliteDatabase(path, { timeout: 0, readonly })
  try {
    const version = recogniseSchema(database, newest)
    if (version === 0) return { version, checkedAfterCrash: false }
    const clean = database.prepare("SELECT value FROM meta WHERE name = 'clean'").pluck().get()
    if (clean !== '1') checkWhole(database)
    return { version, checkedAfterCrash: clean !== '1' }
  } finally {
    database.close()
  }
}

/**
 * Returns what a look at a database finds before anything is written to it. A connection that only reads leaves the
 * file and its log as they are even when it is closed, so what is refused here stays as it was found. Throws
 * StoreOpenError for a file that is not ours, is newer than `newest`, or is damaged, and SqliteError for what SQLite
 * says of it.
 */
export const inspectDatabase = (path: string, newest: number): Findings => {
  try {
    return look(path, newest, true)
  } catch (error) {
    // The very first start was cut off before there was a write-ahead log. To roll that back is itself a write.
    if (!sqliteCodeOf(error).startsWith('SQLITE_READONLY')) throw error
    return look(path, newest, false)
  }
}
