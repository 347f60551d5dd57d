import type { JobAnswer } from '../../../core/job-view.js'
import { oldestFirst } from '../../../core/keyset-page.js'
import { readBatch } from '../jobs/batch-events.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pageOf } from '../jobs/page.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/** So many rows of notes cost as much as one job, so they are removed in its place. */
const notesPerJob = 10

/** Creates what forgets whole batches. It works in steps, because a batch may have very many jobs. */
export const createForgetting = (writer: JobWriter) => {
  const { statements } = writer

  /**
   * Removes at most `limit` rows of what a walk noted and of jobs that were deleted before. Returns how many it
   * removed.
   */
  const dropNotes = (id: string, limit: number): number => {
    let left = limit
    for (const drop of [statements.deletePlannedFiles, statements.deleteProblems, statements.dropDeletedJobs]) {
      if (left > 0) left -= drop.run(id, left).changes
    }
    if (left > 0) left -= statements.deleteListedFiles.run({ id, limit: left }).changes
    return limit - left
  }

  /**
   * Forgets rows of a batch that no request finds any more, and returns how many. It returns 0 when none are left, or
   * only jobs that a user has retried, which go when they settle. `by` is the name of the token that made the request.
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

    deletedJobs: (_at, batchId, request) =>
      pageOf(
        writer,
        {
          list: 'deleted',
          first: oldestFirst,
          positionOf: ({ n }) => n,
          itemOf: ({ job }) => JSON.parse(job) as JobAnswer,
          rowsBehind: (after, count) =>
            statements.deletedJobsAfter.all(batchId, after, count) as { n: number; job: string }[],
        },
        request,
      ),
  } satisfies Partial<Operations>
}
