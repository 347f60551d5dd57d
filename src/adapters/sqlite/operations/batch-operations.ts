import { type Batch, createBatch } from '../../../core/batch.js'
import { verbForBatch } from '../../../core/bulk-verb.js'
import { walkChore } from '../../../core/chore.js'
import { newestFirst, oldestFirst } from '../../../core/keyset-page.js'
import { controlBatchStep, lawOf } from '../../../core/verb-law.js'
import type { Walk } from '../../../ports/batch-store.js'
import { readBatch } from '../jobs/batch-events.js'
import { type BulkSteps, type VerbRow, verbOf } from '../jobs/bulk-verbs.js'
import { createBatchExtension } from '../jobs/extend-batch.js'
import { hasRoom } from '../jobs/insert-job.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pageOf } from '../jobs/page.js'
import {
  type BatchProblemRow,
  type BatchRow,
  batchOf,
  newColumnsOf,
  type PlannedFileRow,
  problemOf,
} from '../sql/batch-rows.js'
import type { Operations } from '../thread/protocol.js'
import { insertVerb } from './verb-operations.js'

/** Up to so many jobs have been met when a verb is answered. */
const firstStep = 256

/** Creates the operations that make batches, extend them by what a walk found, and give them verbs. */
export const createBatchOperations = (writer: JobWriter, steps: BulkSteps) => {
  const { statements } = writer

  const save = (batch: Batch): void => {
    statements.saveBatch.run({
      id: batch.id,
      desired: batch.desired,
      walk: batch.walk,
      listed: batch.listed,
      finished_at: batch.finishedAt,
    })
  }

  const mustRead = (batchId: string): Batch => {
    const batch = readBatch(statements, batchId)
    if (batch === null) throw new Error('there is no such batch')
    return batch
  }

  /** Returns the batch that is being walked, or null when that is over or another node's now. */
  const walkedBy = ({ batchId, epoch }: Walk): Batch | null => {
    if (statements.heldChore.get(epoch, walkChore(batchId)) === undefined) return null
    const batch = readBatch(statements, batchId)
    return batch?.walk === 'going' ? batch : null
  }

  return {
    submitBatch: (at, request, files, idempotency) => {
      const known = idempotency === null ? undefined : statements.batchByIdempotencyKey.get(idempotency.key)
      if (known !== undefined) {
        const row = known as BatchRow
        return row.idempotency_fingerprint === idempotency?.fingerprint
          ? { kind: 'replayed', batch: batchOf(row) }
          : { kind: 'mismatch' }
      }
      const batch = createBatch(request, at)
      statements.insertBatch.run({
        ...newColumnsOf(batch),
        place: writer.places.numberOf(batch.place),
        idempotency_key: idempotency?.key ?? null,
        idempotency_fingerprint: idempotency?.fingerprint ?? null,
      })
      for (const [n, { path, key }] of files.entries()) statements.insertBatchFile.run(batch.id, n, path, key)
      return { kind: 'created', batch }
    },

    findBatchByIdempotencyKey: (_at, key) => {
      const row = statements.batchByIdempotencyKey.get(key) as BatchRow | undefined
      if (row === undefined || row.idempotency_fingerprint === null) return null
      return { fingerprint: row.idempotency_fingerprint, batch: batchOf(row) }
    },

    getBatch: (_at, batchId) => readBatch(statements, batchId),

    listBatches: (_at, request) =>
      pageOf(
        writer,
        {
          list: 'batches',
          first: newestFirst,
          positionOf: ({ seq }) => seq,
          itemOf: batchOf,
          rowsBehind: (before, count) => statements.batchesBefore.all(before, count) as BatchRow[],
        },
        request,
      ),

    unfinishedBatches: () => (statements.batchesAtWork.all() as { id: string }[]).map(({ id }) => mustRead(id)),

    batchFiles: (_at, batchId, from, limit) =>
      statements.batchFiles.all(batchId, from, limit) as { path: string; key: string }[],

    extendBatch: (at, walk, { jobs, problems, planned, listed }, mostQueued = null) => {
      const batch = walkedBy(walk)
      if (batch === null || batch.desired !== 'run') return 'stopped'
      if (jobs.length > 0 && !hasRoom(writer, jobs.length, mostQueued)) return 'full'
      const extension = createBatchExtension(writer, batch, at)
      for (const job of jobs) extension.addJob(job)
      for (const file of planned) extension.addPlanned(file)
      for (const problem of problems) extension.addProblem(problem)
      extension.count()
      if (listed !== null) {
        save({ ...batch, listed })
        statements.dropBatchFiles.run(batch.id, listed)
      }
      return 'ok'
    },

    endWalk: (at, walk) => {
      const batch = walkedBy(walk)
      if (batch === null) return
      save({ ...batch, walk: 'done' })
      writer.batches.settle(batch.id, at)
    },

    controlBatch: (at, batchId, verb, by = null) => {
      const batch = readBatch(statements, batchId)
      if (batch === null) return { kind: 'not_found' }
      const next = controlBatchStep(batch, verb)
      if (next === 'invalid_state') return { kind: 'invalid_state', batch }
      if (next === batch) return { kind: 'ok', batch, verb: null }
      save(next)
      const id = insertVerb(writer, verbForBatch(batch, verb, by), at)
      steps.begin(id, at)
      if (!lawOf(verb).needsSource) steps.step(id, firstStep, [], at)
      return { kind: 'ok', batch: mustRead(batchId), verb: verbOf(statements.verbById.get(id) as VerbRow) }
    },

    batchProblems: (_at, batchId, request) =>
      pageOf(
        writer,
        {
          list: 'problems',
          first: oldestFirst,
          positionOf: ({ n }) => n,
          itemOf: problemOf,
          rowsBehind: (after, count) => statements.batchProblemsAfter.all(batchId, after, count) as BatchProblemRow[],
        },
        request,
      ),

    plannedFiles: (_at, batchId, request) =>
      pageOf(
        writer,
        {
          list: 'planned',
          first: oldestFirst,
          positionOf: ({ n }) => n,
          itemOf: ({ path, key, size }) => ({ path, key, size }),
          rowsBehind: (after, count) => statements.plannedFilesAfter.all(batchId, after, count) as PlannedFileRow[],
        },
        request,
      ),
  } satisfies Partial<Operations>
}
