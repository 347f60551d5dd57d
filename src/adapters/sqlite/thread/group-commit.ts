import type SqliteDatabase from 'better-sqlite3'
import { storeOperations } from '../../../ports/store-operations.js'
import type { WakeupTopic } from '../../../ports/wakeup.js'
import { errorDataOf, isCorrupt, mediumFailure } from '../files/medium-error.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { createClockJumps } from './clock-jumps.js'
import type { Answer, Operations, Request } from './protocol.js'

type AnyOperation = (at: number, ...args: readonly unknown[]) => unknown

export interface GroupCommitDeps {
  readonly writer: JobWriter
  readonly operations: Operations
  /** Throws when what is about to be committed would be lost, because the file is no longer where it was. */
  assertInPlace(): void
}

export type GroupCommit = (requests: readonly Request[]) => {
  readonly answers: readonly Answer[]
  /** These are the listeners for which the log and the outbox have news. */
  readonly topics: readonly WakeupTopic[]
}

/**
 * Carries out a group of requests, in order, in one transaction, so that they share one fsync. A request that fails is
 * rolled back to its savepoint and the others go on. When the medium fails, nothing of the group was done and every
 * write of it says so, while its reads are answered by themselves. Answers may leave the thread as soon as this
 * returns, because what they promise is on disk. Throws when the database turns out to be damaged.
 */
export const createGroupCommit = ({ writer, operations, assertInPlace }: GroupCommitDeps): GroupCommit => {
  const { database } = writer
  const jumps = createClockJumps(writer.statements)
  const begin = database.prepare('BEGIN')
  const beginWriting = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const savepoint = database.prepare('SAVEPOINT operation')
  const release = database.prepare('RELEASE operation')
  const rollBackTo = database.prepare('ROLLBACK TO operation')

  const topicsTaken = (): readonly WakeupTopic[] => {
    const events: readonly WakeupTopic[] = writer.tookEvents() ? ['events'] : []
    return writer.tookWebhooks() ? [...events, 'webhooks'] : events
  }

  const takeBack = (): void => {
    rollBack(database)
    writer.forgetSteps()
    jumps.undo()
    topicsTaken()
  }

  const carryOut = ({ id, operation, at, args }: Request): Answer => {
    const work = operations[operation] as AnyOperation
    return { id, ok: true, value: work(at, ...args) }
  }

  /** Carries out a request that takes back only what it did itself when it fails. */
  const carryOutAlone = (request: Request): Answer => {
    savepoint.run()
    try {
      const answer = carryOut(request)
      writer.concludeSteps()
      release.run()
      return answer
    } catch (error) {
      // After a failure of the medium SQLite may have rolled back everything by itself, so the failure concerns the
      // whole group.
      if (!database.inTransaction || mediumFailure(error) !== null) throw error
      rollBackTo.run()
      release.run()
      writer.forgetSteps()
      return { id: request.id, ok: false, error: errorDataOf(error) }
    }
  }

  const read = (requests: readonly Request[]): readonly Answer[] => {
    begin.run()
    const answers = requests.map(carryOutAlone)
    commit.run()
    return answers
  }

  const writeEach = (requests: readonly Request[], carry: typeof carryOut): readonly Answer[] => {
    beginWriting.run()
    return requests.map((request) => {
      jumps.follow(request.at, request.wallOffset)
      return carry(request)
    })
  }

  /**
   * Operations fail very rarely, and savepoints cost as much as all other work. So they are set only when something has
   * failed.
   */
  const writeAll = (requests: readonly Request[]): readonly Answer[] => {
    try {
      const answers = writeEach(requests, carryOut)
      writer.concludeSteps()
      return answers
    } catch (error) {
      if (isCorrupt(error) || mediumFailure(error) !== null) throw error
      takeBack()
      return writeEach(requests, carryOutAlone)
    }
  }

  const write = (requests: readonly Request[]): readonly Answer[] => {
    const answers = writeAll(requests)
    assertInPlace()
    commit.run()
    jumps.keep()
    // This looks once more, because a file that was taken away in between has the commit, but no process will find it
    // there.
    assertInPlace()
    return answers
  }

  /** Returns the answers, or the same failure for each request. */
  const attempt = (work: typeof read, requests: readonly Request[]): readonly Answer[] => {
    try {
      return work(requests)
    } catch (error) {
      if (isCorrupt(error)) throw error
      takeBack()
      const data = errorDataOf(error)
      return requests.map(({ id }) => ({ id, ok: false, error: data }))
    }
  }

  return (requests) => {
    const readers = requests.filter(({ operation }) => storeOperations[operation].access === 'read')
    if (readers.length === requests.length) return { answers: attempt(read, requests), topics: [] }
    const answers = attempt(write, requests)
    const topics = topicsTaken()
    if (readers.length === 0 || answers.some(({ ok }) => ok)) return { answers, topics }
    // A full disk still reads well.
    const answered = new Map(attempt(read, readers).map((answer) => [answer.id, answer]))
    return { answers: answers.map((answer) => answered.get(answer.id) ?? answer), topics }
  }
}

const rollBack = (database: SqliteDatabase.Database): void => {
  if (database.inTransaction) database.exec('ROLLBACK')
}
