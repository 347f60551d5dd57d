import type SqliteDatabase from 'better-sqlite3'
import type { Ledger } from './ledger.js'
import { errorDataOf, mediumFailure } from './medium-error.js'
import type { Answer, ErrorData, Operations, Request, StoreOperation } from './protocol.js'

/** Those that write nothing: a group of them needs no write lock and costs no fsync. */
const reads: ReadonlySet<StoreOperation> = new Set([
  'findByIdempotencyKey',
  'get',
  'list',
  'parts',
  'lastEventId',
  'eventsAfter',
  'stats',
  'buckets',
  'traceUploads',
  'abandonedUploads',
])

type AnyOperation = (at: number, ...args: readonly unknown[]) => unknown

export interface GroupCommitDeps {
  readonly ledger: Ledger
  readonly operations: Operations
  /** Throws when what is about to be committed would be lost, for the file is no longer where it was. */
  assertInPlace(): void
}

export type GroupCommit = (requests: readonly Request[]) => {
  readonly answers: readonly Answer[]
  readonly appendedEvents: boolean
}

/**
 * Carries out a group of requests, in order, in one transaction, so that they share one fsync. A request that fails is
 * rolled back to its savepoint and the others go on; when the medium fails, nothing of the group was done and every
 * request of it says so. Answers may leave the thread as soon as this returns: what they promise is on disk.
 */
export const createGroupCommit = ({ ledger, operations, assertInPlace }: GroupCommitDeps): GroupCommit => {
  const { database } = ledger
  const begin = database.prepare('BEGIN')
  const beginWriting = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const savepoint = database.prepare('SAVEPOINT operation')
  const release = database.prepare('RELEASE operation')
  const rollBackTo = database.prepare('ROLLBACK TO operation')

  const carryOut = ({ id, operation, at, args }: Request): Answer => {
    const work = operations[operation] as AnyOperation
    savepoint.run()
    try {
      const value = work(at, ...args)
      release.run()
      return { id, ok: true, value }
    } catch (error) {
      // After a failure of the medium SQLite may have rolled back everything by itself: it concerns the whole group.
      if (!database.inTransaction || mediumFailure(error) !== null) throw error
      rollBackTo.run()
      release.run()
      return { id, ok: false, error: errorDataOf(error) }
    }
  }

  return (requests) => {
    const writes = requests.some(({ operation }) => !reads.has(operation))
    try {
      ;(writes ? beginWriting : begin).run()
      const answers = requests.map(carryOut)
      if (writes) assertInPlace()
      commit.run()
      return { answers, appendedEvents: ledger.tookEvents() }
    } catch (error) {
      rollBack(database)
      ledger.tookEvents()
      const data: ErrorData = errorDataOf(error)
      return { answers: requests.map(({ id }) => ({ id, ok: false, error: data })), appendedEvents: false }
    }
  }
}

const rollBack = (database: SqliteDatabase.Database): void => {
  if (database.inTransaction) database.exec('ROLLBACK')
}
