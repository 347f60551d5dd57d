import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import SqliteDatabase from 'better-sqlite3'
import { createPrivateFile, type StorePaths } from './data-directory.js'
import { StoreOpenError, storeExitCodes } from './store-open-error.js'

export interface Lock {
  /** Removes the file with the pid and lets go of the lock. It is idempotent. */
  release(): void
}

const isBusy = (error: unknown): boolean =>
  error instanceof SqliteDatabase.SqliteError && error.code.startsWith('SQLITE_BUSY')

const holderOf = (paths: StorePaths): string => {
  try {
    const pid = readFileSync(paths.pid, 'utf8').trim()
    return /^\d+$/.test(pid) ? `Another daemon (pid ${pid})` : 'Another daemon'
  } catch {
    // The holder has the lock but has not written its pid yet.
    return 'Another daemon'
  }
}

/**
 * Takes the lock, which allows one daemon for each database. The lock is an exclusive transaction held on a small
 * database of its own, so it ends with its process, even by kill -9, and never hinders a process that reads the main
 * database. Throws StoreOpenError with exit code 75 when the lock is taken.
 */
export const takeLock = (paths: StorePaths): Lock => {
  createPrivateFile(paths.lock)
  const database = new SqliteDatabase(paths.lock, { timeout: 0 })
  try {
    // Nothing is ever written in the transaction, so it leaves no journal behind that the next process would have to
    // recover.
    database.pragma('journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE')
    writeFileSync(paths.pid, `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    database.close()
    if (!isBusy(error)) throw error
    throw new StoreOpenError(
      storeExitCodes.locked,
      `${holderOf(paths)} holds the database in ${paths.directory}. One daemon may use it at a time.`,
      error,
    )
  }
  return {
    release: () => {
      if (!database.open) return
      rmSync(paths.pid, { force: true })
      database.close()
    },
  }
}
