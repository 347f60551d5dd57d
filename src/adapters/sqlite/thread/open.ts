import SqliteDatabase from 'better-sqlite3'
import { crashRun } from '../../../core/job-steps.js'
import {
  assertNotLost,
  createPrivateFile,
  prepareDirectory,
  type StorePaths,
  storePaths,
  writeMarker,
} from '../files/data-directory.js'
import { inspectDatabase } from '../files/inspect.js'
import { keepWal, type WalKeeper } from '../files/keep-wal.js'
import { takeLock } from '../files/lock.js'
import { mediumFailure } from '../files/medium-error.js'
import { migrate, readMigrations } from '../files/migrate.js'
import { watchPlace } from '../files/same-files.js'
import { asOpenError, StoreOpenError, storeExitCodes } from '../files/store-open-error.js'
import { createJobWriter, type JobWriter } from '../jobs/job-writer.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { OpenedReport, ThreadSettings } from './protocol.js'

/** So many KiB of the database file are kept in memory. */
const cacheKib = 16 * 1024
/** A write-ahead log that grew in a burst is cut back to this size. */
const walLimitBytes = 64 * 1024 * 1024

export interface OpenDatabase {
  readonly writer: JobWriter
  readonly report: OpenedReport
  /**
   * Throws AppError when the path no longer leads to the files that are open, because writes to them would succeed and
   * be lost.
   */
  assertInPlace(): void
  /** Marks the database as cleanly closed and gives up the lock. It is idempotent. */
  close(): void
  /** Lets go of a damaged database and leaves its files as they are. */
  abandon(): void
}

const setUp = (database: SqliteDatabase.Database): void => {
  database.pragma('journal_mode = WAL')
  // This comes after WAL, which this build of SQLite would otherwise pair with NORMAL. Then a commit would survive a
  // crash but not a power cut.
  database.pragma('synchronous = FULL')
  if (
    database.pragma('synchronous', { simple: true }) !== 2 ||
    database.pragma('journal_mode', { simple: true }) !== 'wal'
  ) {
    throw new StoreOpenError(storeExitCodes.io, `${database.name} cannot be used with WAL and synchronous=FULL.`)
  }
  database.pragma('foreign_keys = ON')
  // What a savepoint would go back to is copied first. Without this setting the copies would go through a file.
  database.pragma('temp_store = MEMORY')
  database.pragma(`cache_size = -${cacheKib}`)
  database.pragma(`journal_size_limit = ${walLimitBytes}`)
}

/**
 * Releases all jobs, messages and chores. The lock proves that no other process works on them, because the process that
 * held them is gone. Returns the number of jobs.
 */
const releaseLeases = (writer: JobWriter, at: number): number => {
  const rows = writer.statements.leasedJobs.all() as JobRow[]
  for (const row of rows) writer.saveUnleased(row, crashRun(jobOf(row), at), at)
  writer.statements.releaseAllWebhooks.run()
  writer.statements.dropAllChores.run()
  return rows.length
}

/** This is shorter than the patience of a probe, which may wait for two groups of requests. */
const busyTimeoutMs = 2_000

interface Opened extends Pick<OpenDatabase, 'writer' | 'assertInPlace'> {
  readonly walKeeper: WalKeeper
  readonly report: Omit<OpenedReport, 'warnings'>
}

const openLocked = (paths: StorePaths, { node, at }: Pick<ThreadSettings, 'node' | 'at'>): Opened => {
  const migrations = readMigrations()
  const { version, checkedAfterCrash } = inspectDatabase(paths.database, migrations.length)
  // Without its log, a database that was never checkpointed is an empty one.
  assertNotLost(paths, version > 0)
  const database = new SqliteDatabase(paths.database, { timeout: 0 })
  try {
    setUp(database)
    migrate(database, version, migrations)
    const writer = createJobWriter(database)
    const releasedLeases = database
      .transaction(() => {
        writer.statements.setMetaValue.run({ name: 'clean', value: '0' })
        writer.statements.nameHome.run(node)
        const released = releaseLeases(writer, at)
        writer.concludeSteps()
        return released
      })
      .immediate()
    const report = {
      schemaVersion: migrations.length,
      migrated: version < migrations.length,
      checkedAfterCrash,
      releasedLeases,
    }
    // From here on SQLite waits for a backup or a shell that holds the lock for a moment. Until here the operator is
    // told at once.
    database.pragma(`busy_timeout = ${busyTimeoutMs}`)
    writeMarker(paths)
    const assertInPlace = watchPlace(paths.database)
    return { writer, assertInPlace, walKeeper: keepWal(paths.database), report }
  } catch (error) {
    database.close()
    throw error
  }
}

const markClean = ({ statements }: JobWriter): void => {
  try {
    statements.setMetaValue.run({ name: 'clean', value: '1' })
  } catch (error) {
    // A full or broken disk must not keep the daemon from stopping. The next start checks the whole file instead.
    if (mediumFailure(error) === null) throw error
  }
}

/** Opens, checks and locks the database of a directory. Throws StoreOpenError for what an operator can act on. */
export const openDatabase = (settings: ThreadSettings): OpenDatabase => {
  const paths = storePaths(settings.directory)
  try {
    const warnings = prepareDirectory(paths)
    const lock = takeLock(paths)
    try {
      assertNotLost(paths, true)
      createPrivateFile(paths.database)
      const { writer, assertInPlace, walKeeper, report } = openLocked(paths, settings)
      const { database } = writer
      return {
        writer,
        report: { ...report, warnings },
        assertInPlace,
        close: () => {
          if (!database.open) return
          markClean(writer)
          walKeeper.close()
          database.close()
          lock.release()
        },
        abandon: () => {
          database.close()
          walKeeper.close()
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
