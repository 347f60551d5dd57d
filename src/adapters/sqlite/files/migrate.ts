import { readdirSync, readFileSync } from 'node:fs'
import type SqliteDatabase from 'better-sqlite3'
import { StoreOpenError, storeExitCodes } from './store-open-error.js'

/** This marks a file as ours: "Lshr" in ASCII. */
export const applicationId = 0x4c736872

// This module has the same depth in src/ and in dist/.
export const migrationsDirectory = new URL('../../../../migrations/sqlite/', import.meta.url)

export interface Migration {
  readonly version: number
  readonly text: string
}

/** Returns the migrations `NNNN_name.sql` in the order of their numbers, which count from 1 without a gap. */
export const readMigrations = (directory: URL = migrationsDirectory): readonly Migration[] =>
  readdirSync(directory)
    .filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name))
    .sort()
    .map((name, index) => {
      if (Number(name.slice(0, 4)) !== index + 1) throw new Error(`the migrations have a gap before ${name}`)
      return { version: index + 1, text: readFileSync(new URL(name, directory), 'utf8') }
    })

const numberOf = (database: SqliteDatabase.Database, pragma: string): number =>
  database.pragma(pragma, { simple: true }) as number

/**
 * Returns the number of the schema; 0 for an empty file. Throws for a file that is not ours or is newer than we are. It
 * changes nothing.
 */
export const recogniseSchema = (database: SqliteDatabase.Database, newest: number): number => {
  const owner = numberOf(database, 'application_id')
  const version = numberOf(database, 'user_version')
  const objects = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() as number
  if (owner === 0 && version === 0 && objects === 0) return 0
  if (owner !== applicationId) {
    throw new StoreOpenError(storeExitCodes.corrupt, `${database.name} is a database of another program.`)
  }
  if (version > newest) {
    throw new StoreOpenError(
      storeExitCodes.corrupt,
      `${database.name} has schema ${version}, made by a newer Longshore; this one knows up to ${newest}. Nothing was changed.`,
    )
  }
  return version
}

/**
 * Brings the schema from `version` to the newest one. Each migration and its number are written in a transaction of
 * their own. Meanwhile SQLite allows changes to the text of the schema, which it otherwise forbids.
 */
export const migrate = (database: SqliteDatabase.Database, version: number, migrations: readonly Migration[]): void => {
  database.unsafeMode(true)
  try {
    for (const migration of migrations.slice(version)) {
      database
        .transaction(() => {
          database.exec(migration.text)
          // This makes the connection and all others read the schema again, because SQLite does not notice a change of
          // its text.
          database.pragma(`schema_version = ${numberOf(database, 'schema_version') + 1}`)
          database.pragma(`application_id = ${applicationId}`)
          database.pragma(`user_version = ${migration.version}`)
        })
        .immediate()
    }
  } finally {
    database.unsafeMode(false)
  }
}
