import SqliteDatabase from 'better-sqlite3'
import { readBatch } from '../jobs/batch-events.js'
import { partsPage } from '../jobs/list-jobs.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import { prepareSome } from '../sql/statements.js'
import type { Operations } from './protocol.js'

/** Each of these looks up one job or batch by an index, with one statement. */
export type DirectOperation = 'get' | 'parts' | 'getBatch'

export interface ReadConnection {
  readonly operations: Operations<DirectOperation>
  close(): void
}

/** So many KiB are kept in memory. Every commit of the other connection makes them stale. */
const cacheKib = 256

/**
 * Opens a second connection to the database of a running store. It only reads. Each operation is one statement, so that
 * no transaction stays open and no checkpoint has to wait. It waits for no lock.
 */
export const openReadConnection = (path: string): ReadConnection => {
  const database = new SqliteDatabase(path, { timeout: 0, readonly: true, fileMustExist: true })
  try {
    database.pragma(`cache_size = -${cacheKib}`)
    const statements = prepareSome(database, ['jobById', 'partsOfJob', 'batchById', 'metaValue'])
    const { value: instance } = statements.metaValue.get('instance') as { value: string }
    return {
      operations: {
        get: (_at, jobId) => {
          const row = statements.jobById.get(jobId) as JobRow | undefined
          return row === undefined ? null : jobOf(row)
        },
        parts: (_at, jobId, request) => partsPage({ statements, instance }, jobId, request),
        getBatch: (_at, batchId) => readBatch(statements, batchId),
      },
      close: () => database.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}
