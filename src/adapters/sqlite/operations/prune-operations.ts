import type { JobState } from '../../../core/job.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'
import { createForgetting } from './forget-operations.js'

interface FinishedJob {
  readonly id: string
  readonly state: JobState
  readonly part_count: number | null
  /**
   * It is 1 when the batch of the job is not deleted with it. The totals and the manifest of that batch go on telling
   * of the job.
   */
  readonly batch_stays: 0 | 1
}

/** Creates the operation that forgets what finished long ago. */
export const createPruneOperations = (writer: JobWriter) => {
  const { statements } = writer
  const forgetting = createForgetting(writer)

  /** Returns as many of the jobs as have `limit` rows together, with their parts counted, but at least one. */
  const firstOf = (finished: readonly FinishedJob[], limit: number): readonly FinishedJob[] => {
    let rows = 0
    return finished.filter(({ part_count }, index) => {
      rows += 1 + (part_count ?? 0)
      return index === 0 || rows <= limit
    })
  }

  const pruneJobs = (before: number, limit: number): number => {
    const jobs = firstOf(statements.finishedJobs.all({ before, limit }) as FinishedJob[], limit)
    for (const { id, state, batch_stays } of jobs) {
      const row = batch_stays === 1 ? writer.job(id) : null
      if (row === null) writer.dropJob({ id, state })
      else writer.deleteJob(jobOf(row))
    }
    return jobs.length
  }

  /**
   * Prunes events only from the front, so that the log has one beginning and a cursor tells whether anything behind it
   * is gone.
   */
  const pruneEvents = (before: number, limit: number): number => {
    const oldest = statements.oldestEvents.all(limit) as { n: number; at: number }[]
    const firstKept = oldest.findIndex(({ at }) => at >= before)
    const last = oldest.at(firstKept === -1 ? -1 : firstKept - 1)
    return last === undefined || firstKept === 0 ? 0 : statements.deleteEventsThrough.run(last.n).changes
  }

  /** Prunes batches. What a walk noted of a batch is removed before the batch itself, because it may be very much. */
  const pruneBatches = (before: number, limit: number): number => {
    let rows = 0
    for (const { id } of statements.finishedBatches.all({ before, limit }) as { id: string }[]) {
      rows += forgetting.dropNotes(id, limit - rows)
      if (rows >= limit) break
      rows += statements.deleteBatch.run(id).changes
    }
    return rows
  }

  /**
   * Prunes what is left of batches that were deleted. Something is left when the daemon ended meanwhile, or when a job
   * of the batch was retried.
   */
  const pruneForgotten = (limit: number, at: number): number => {
    let rows = 0
    for (const { id } of statements.forgottenBatches.all(limit) as { id: string }[]) {
      if (rows < limit) rows += forgetting.step(id, limit - rows, at, null)
    }
    return rows
  }

  return {
    prune: (at, { olderThanMs, limit }) => {
      const before = at - olderThanMs
      statements.deleteVerbs.run({ before, limit })
      return {
        jobs: pruneJobs(before, limit),
        events: pruneEvents(before, limit),
        batches: pruneBatches(before, limit) + pruneForgotten(limit, at),
      }
    },
  } satisfies Partial<Operations>
}
