import type { Ledger } from '../jobs/job-writer.js'
import type { Operations } from '../thread/protocol.js'

interface FinishedJob {
  readonly id: string
  readonly part_count: number | null
}

/** Forgetting what finished long ago. */
export const createPruneOperations = (ledger: Ledger): Operations<'prune'> => {
  const { statements } = ledger

  /** As many of them as have `limit` rows together, their parts counted, but at least one. */
  const firstOf = (finished: readonly FinishedJob[], limit: number): readonly FinishedJob[] => {
    let rows = 0
    return finished.filter(({ part_count }, index) => {
      rows += 1 + (part_count ?? 0)
      return index === 0 || rows <= limit
    })
  }

  const pruneJobs = (before: number, limit: number): number => {
    const jobs = firstOf(statements.finishedJobs.all({ before, limit }) as FinishedJob[], limit)
    for (const { id } of jobs) statements.deleteJob.run(id)
    return jobs.length
  }

  /** Only from the front, so that the log has one beginning and a cursor tells whether anything behind it is gone. */
  const pruneEvents = (before: number, limit: number): number => {
    const oldest = statements.oldestEvents.all(limit) as { n: number; at: number }[]
    const firstKept = oldest.findIndex(({ at }) => at >= before)
    const last = oldest.at(firstKept === -1 ? -1 : firstKept - 1)
    return last === undefined || firstKept === 0 ? 0 : statements.deleteEventsThrough.run(last.n).changes
  }

  /** What a walk noted of a batch goes before the batch itself: it may be very much. */
  const pruneBatches = (before: number, limit: number): number => {
    let rows = 0
    for (const { id } of statements.finishedBatches.all({ before, limit }) as { id: string }[]) {
      rows += statements.deletePlannedFiles.run(id, limit - rows).changes
      if (rows < limit) rows += statements.deleteProblems.run(id, limit - rows).changes
      if (rows < limit) rows += statements.deleteListedFiles.run({ id, limit: limit - rows }).changes
      if (rows >= limit) break
      rows += statements.deleteBatch.run(id).changes
    }
    return rows
  }

  return {
    prune: (_at, { before, limit }) => ({
      jobs: pruneJobs(before, limit),
      events: pruneEvents(before, limit),
      batches: pruneBatches(before, limit),
    }),
  }
}
