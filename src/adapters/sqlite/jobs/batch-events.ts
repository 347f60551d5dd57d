import { type Batch, type BatchProblem, isBatchOver } from '../../../core/batch.js'
import { shownProblems, viewBatch } from '../../../core/batch-view.js'
import { type BatchProblemRow, type BatchRow, batchOf, problemOf } from '../sql/batch-rows.js'
import type { Statements } from '../sql/statements.js'

/** This is what happens to the batch of a job when the job settles or is open again. */
export interface BatchEvents {
  /** Finishes the batch when nothing is left to do, and appends `batch.completed`. */
  settle(batchId: string, at: number): void
  reopen(batchId: string): void
  /** Appends `batch.deleted`. */
  deleted(batch: Batch, at: number, by: string | null): void
}

export const readBatch = (statements: Pick<Statements, 'batchById'>, batchId: string): Batch | null => {
  const row = statements.batchById.get(batchId) as BatchRow | undefined
  return row === undefined ? null : batchOf(row)
}

const firstProblems = (statements: Statements, batchId: string): readonly BatchProblem[] =>
  (statements.batchProblemsAfter.all(batchId, 0, shownProblems) as BatchProblemRow[]).map(problemOf)

export const createBatchEvents = (
  statements: Statements,
  append: (
    type: 'batch.completed' | 'batch.deleted',
    batchId: string,
    body: object,
    at: number,
    by: string | null,
  ) => void,
): BatchEvents => ({
  settle(batchId, at) {
    if (statements.finishBatch.run({ id: batchId, at }).changes === 0) return
    const batch = readBatch(statements, batchId)
    if (batch === null || !isBatchOver(batch)) throw new Error('SQL and core disagree on when a batch is over')
    append('batch.completed', batchId, viewBatch(batch, firstProblems(statements, batchId)), at, null)
  },
  reopen: (batchId) => void statements.reopenBatch.run(batchId),
  deleted: (batch, at, by) =>
    append('batch.deleted', batch.id, viewBatch(batch, firstProblems(statements, batch.id)), at, by),
})
