import type { JobAnswer } from '../../../core/job-view.js'
import { readBatch } from '../jobs/batch-events.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { startOf } from '../jobs/list-jobs.js'
import { pageOf } from '../jobs/page.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/** So many rows of notes go for one job's worth of work. */
const notesPerJob = 10

/** Forgetting whole batches, in steps: one may have very many jobs. */
export const createForgetting = (writer: JobWriter) => {
  const { statements } = writer

  /** At most `limit` of what a walk noted, and of jobs that went before. */
  const dropNotes = (id: string, limit: number): number => {
    let left = limit
    for (const drop of [statements.deletePlannedFiles, statements.deleteProblems, statements.dropDeletedJobs]) {
      if (left > 0) left -= drop.run(id, left).changes
    }
    if (left > 0) left -= statements.deleteListedFiles.run({ id, limit: left }).changes
    return limit - left
  }

  /**
   * Forgets rows of a batch that nobody sees any more, and says how many. None are left, or only jobs that somebody retries:
   * then those go when they settle. `by`: whose request it is.
   */
  const step = (batchId: string, limit: number, at: number, by: string | null): number => {
    let rows = 0
    for (const row of statements.settledJobsOfBatch.all({ batch_id: batchId, limit }) as JobRow[]) {
      if (rows >= limit) break
      const job = jobOf(row)
      rows += 1 + (row.part_count ?? 0)
      writer.deleteJob(job)
      writer.appendJob(job, 'job.deleted', at, by)
    }
    if (rows > 0 || statements.anyJobOfBatch.get(batchId) !== undefined) return rows
    return dropNotes(batchId, limit * notesPerJob) || statements.deleteBatch.run(batchId).changes
  }

  return { dropNotes, step }
}

export const createForgetOperations = (writer: JobWriter) => {
  const { statements } = writer
  const forgetting = createForgetting(writer)
  return {
    removeBatch: (at, batchId, limit, by = null) => {
      if (statements.isForgotten.get(batchId) === undefined) {
        const batch = readBatch(statements, batchId)
        if (batch === null) return 'not_found'
        if (batch.finishedAt === null) return 'invalid_state'
        statements.forgetBatch.run(batchId)
        writer.batches.deleted(batch, at, by)
      }
      const rows = forgetting.step(batchId, limit, at, by)
      return rows > 0 && statements.isForgotten.get(batchId) !== undefined ? 'more' : 'over'
    },

    deletedJobs: (_at, batchId, { limit, cursor }) => {
      const after = cursor === null ? 0 : startOf(writer, 'deleted', cursor)
      const rows = statements.deletedJobsAfter.all(batchId, after, limit + 1) as { n: number; job: string }[]
      return pageOf(
        writer,
        'deleted',
        rows,
        limit,
        ({ n }) => n,
        ({ job }) => JSON.parse(job) as JobAnswer,
      )
    },
  } satisfies Partial<Operations>
}
