import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import type { DatabaseReport } from '../../../core/database-report.js'
import { checkDatabase } from './check-database.js'
import { createPrivateFile } from './data-directory.js'
import { readMigrations, recogniseSchema } from './migrate.js'
import { asOpenError, StoreOpenError, storeExitCodes } from './store-open-error.js'

/**
 * This asks for all pages, so that everything beyond the first step is copied in one step, which is one snapshot. If
 * the steps were small, every commit of the daemon would begin the copy anew.
 */
const allPages = 2 ** 31 - 1

const syncPath = (path: string): void => {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Takes the write-ahead log out of the header of the copy. After that the copy is one file, which may be moved about.
 */
const makeSelfContained = (path: string): void => {
  const copy = new SqliteDatabase(path)
  try {
    copy.pragma('journal_mode = DELETE')
  } finally {
    copy.close()
  }
}

const openSource = (source: string): SqliteDatabase.Database => {
  let database: SqliteDatabase.Database | null = null
  try {
    database = new SqliteDatabase(source, { timeout: 5000, readonly: true })
    recogniseSchema(database, readMigrations().length)
    return database
  } catch (error) {
    database?.close()
    throw asOpenError(error, source)
  }
}

const copyTo = async (source: string, target: string): Promise<void> => {
  const database = openSource(source)
  try {
    await database.backup(target, { progress: () => allPages })
  } finally {
    database.close()
  }
}

/** Returns whether both names lead to one file, by whatever links. */
const areOne = (a: string, b: string): boolean => {
  if (!existsSync(a) || !existsSync(b)) return false
  const [first, second] = [statSync(a), statSync(b)]
  return first.dev === second.dev && first.ino === second.ino
}

/** Returns the database and the files that SQLite keeps beside it. */
const filesOf = (database: string): readonly string[] => [database, `${database}-wal`, `${database}-shm`]

const settle = (part: string, target: string, overwrite: boolean): void => {
  if (overwrite) {
    renameSync(part, target)
  } else {
    // A link fails when a file of that name has come into being meanwhile; a rename would replace that file.
    linkSync(part, target)
    rmSync(part)
  }
  syncPath(dirname(target))
}

/**
 * Copies a database, as it was committed at one moment, to a file of its own (0600), whether a daemon has it open or
 * not. The copy is checked and synced before it gets its name, so a file of that name is a whole backup. Throws
 * StoreOpenError when either cannot be used, when the copy is not sound, and when the target exists and may not be
 * overwritten. The database itself is never overwritten.
 */
export const backUpDatabase = async (source: string, target: string, overwrite: boolean): Promise<DatabaseReport> => {
  if (!existsSync(source)) throw new StoreOpenError(storeExitCodes.io, `${source} is no database: it is missing.`)
  if (existsSync(target) && !overwrite) {
    throw new StoreOpenError(storeExitCodes.io, `${target} exists: give another name, or --force to replace it.`)
  }
  if (filesOf(source).some((file) => areOne(file, target))) {
    throw new StoreOpenError(storeExitCodes.io, `${target} is the database itself: give another name for its backup.`)
  }
  const part = `${target}.${process.pid}.part`
  try {
    createPrivateFile(part)
    await copyTo(source, part)
    makeSelfContained(part)
    const report = checkDatabase(part)
    if (report.problems.length > 0) {
      const [first] = report.problems
      throw new StoreOpenError(storeExitCodes.corrupt, `${source} is not sound (${first}): nothing was backed up.`)
    }
    syncPath(part)
    settle(part, target, overwrite)
    return { ...report, path: target }
  } catch (error) {
    if (error instanceof StoreOpenError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new StoreOpenError(storeExitCodes.io, `The backup ${target} cannot be written: ${reason}`)
  } finally {
    for (const leftover of [part, `${part}-wal`, `${part}-shm`, `${part}-journal`]) rmSync(leftover, { force: true })
  }
}
