import { statSync } from 'node:fs'
import SqliteDatabase from 'better-sqlite3'
import { crashRun } from '../../core/job-steps.js'
import { assertNotLost, createPrivateFile, prepareDirectory, storePaths, writeMarker } from './data-directory.js'
import { createLedger, type Ledger } from './ledger.js'
import { takeLock } from './lock.js'
import { mediumFailure } from './medium-error.js'
import { migrate, readMigrations, recogniseSchema } from './migrate.js'
import type { OpenedReport, ThreadSettings } from './protocol.js'
import { type JobRow, jobOf } from './rows.js'
import { StoreOpenError, storeExitCodes } from './store-open-error.js'

/** Kept in memory of the database file, in KiB. */
const cacheKib = 16 * 1024
/** A write-ahead log that grew in a burst is cut back to this. */
const walLimitBytes = 64 * 1024 * 1024

export interface OpenDatabase {
  readonly ledger: Ledger
  readonly report: OpenedReport
  /** Throws when the path no longer leads to the file that is open: writes to it would succeed and be lost. */
  assertInPlace(): void
  /** Marks the database as cleanly closed and gives up the lock. Idempotent. */
  close(): void
}

const setUp = (database: SqliteDatabase.Database): void => {
  database.pragma('journal_mode = WAL')
  // After WAL, which this build of SQLite would else pair with NORMAL: a commit would survive a crash but no power cut.
  database.pragma('synchronous = FULL')
  if (
    database.pragma('synchronous', { simple: true }) !== 2 ||
    database.pragma('journal_mode', { simple: true }) !== 'wal'
  ) {
    throw new StoreOpenError(storeExitCodes.io, `${database.name} cannot be used with WAL and synchronous=FULL.`)
  }
  database.pragma('foreign_keys = ON')
  database.pragma(`cache_size = -${cacheKib}`)
  database.pragma(`journal_size_limit = ${walLimitBytes}`)
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

/** The lock proves that nobody else works on these jobs: whoever held them is gone. */
const releaseLeases = (ledger: Ledger, at: number): number => {
  const rows = ledger.statements.leasedJobs.all() as JobRow[]
  for (const row of rows) ledger.saveUnleased(row, crashRun(jobOf(row), at), at)
  return rows.length
}

const openLocked = (path: string, at: number): { ledger: Ledger; report: Omit<OpenedReport, 'warnings'> } => {
  const migrations = readMigrations()
  const database = new SqliteDatabase(path, { timeout: 0 })
  try {
    const version = recogniseSchema(database, migrations.length)
    setUp(database)
    migrate(database, version, migrations)
    const ledger = createLedger(database)
    const { metaValue, setMetaValue } = ledger.statements
    const wasClean = (metaValue.get('clean') as { value: string }).value === '1'
    if (!wasClean) checkWhole(database)
    const releasedLeases = database
      .transaction(() => {
        setMetaValue.run({ name: 'clean', value: '0' })
        return releaseLeases(ledger, at)
      })
      .immediate()
    const report = {
      schemaVersion: migrations.length,
      migrated: version < migrations.length,
      checkedAfterCrash: !wasClean,
      releasedLeases,
    }
    return { ledger, report }
  } catch (error) {
    database.close()
    throw error
  }
}

const markClean = ({ statements }: Ledger): void => {
  try {
    statements.setMetaValue.run({ name: 'clean', value: '1' })
  } catch (error) {
    // A full or broken disk must not keep the daemon from stopping: the next start checks the whole file instead.
    if (mediumFailure(error) === null) throw error
  }
}

const isCorrupt = (error: unknown): boolean =>
  error instanceof SqliteDatabase.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code)

const asOpenError = (error: unknown, directory: string): unknown => {
  if (error instanceof StoreOpenError) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (isCorrupt(error)) {
    return new StoreOpenError(storeExitCodes.corrupt, `The database in ${directory} is corrupt: ${reason}.`, error)
  }
  const isSystemError = error instanceof Error && 'syscall' in error
  return mediumFailure(error) === null && !isSystemError
    ? error
    : new StoreOpenError(storeExitCodes.io, `The database in ${directory} cannot be opened: ${reason}.`, error)
}

/** Opens, checks and locks the database of a directory. Throws StoreOpenError for what an operator can act on. */
export const openDatabase = ({ directory, at }: ThreadSettings): OpenDatabase => {
  const paths = storePaths(directory)
  try {
    const warnings = prepareDirectory(paths)
    const lock = takeLock(paths)
    try {
      assertNotLost(paths)
      createPrivateFile(paths.database)
      const { ledger, report } = openLocked(paths.database, at)
      writeMarker(paths)
      const opened = statSync(paths.database)
      return {
        ledger,
        report: { ...report, warnings },
        assertInPlace: () => {
          const now = statSync(paths.database)
          if (now.ino !== opened.ino || now.dev !== opened.dev) {
            throw Object.assign(new Error('the database file was replaced'), { code: 'ENOENT' })
          }
        },
        close: () => {
          if (!ledger.database.open) return
          markClean(ledger)
          ledger.database.close()
          lock.release()
        },
      }
    } catch (error) {
      lock.release()
      throw error
    }
  } catch (error) {
    throw asOpenError(error, paths.directory)
  }
}
