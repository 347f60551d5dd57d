import type { Batch, BatchProblem, PlannedFile } from '../../../core/batch.js'
import { keyTaken, targetBusy } from '../../../core/batch-problems.js'
import { type NewJob, pathOf } from '../../../core/job.js'
import { insertJob, rivalOf } from './insert-job.js'
import type { JobWriter } from './job-writer.js'

/** Notes what a walk found in one batch, and counts it. The walk may have met the same rows before. */
export const createBatchExtension = (writer: JobWriter, batch: Batch, at: number) => {
  const { statements } = writer
  const { id: batchId } = batch
  let files = 0
  let problems = 0
  let bytesPlanned = 0

  const addProblem = ({ path, code, message, jobId }: BatchProblem): void => {
    problems += statements.insertBatchProblem.run({ batch_id: batchId, path, code, message, job_id: jobId }).changes
  }

  /** Counts a file that is accepted now. It may have been a problem once, before the walk was begun anew. */
  const accepted = (path: string): void => {
    files++
    if (batch.problems > 0) problems -= statements.deleteBatchProblems.run(batchId, path).changes
  }

  const addJob = (job: NewJob): void => {
    const path = pathOf(job)
    const own = statements.jobOfBatchByKey.get(batchId, job.target.key) as { source_path: string } | undefined
    if (own !== undefined) {
      if (own.source_path !== path) addProblem(keyTaken(path, job.target.key))
      return
    }
    const rival = rivalOf(writer, job)
    if (rival !== null) {
      addProblem(targetBusy(path, rival))
      return
    }
    insertJob(writer, job, null, batch.by, at)
    accepted(path)
  }

  const addPlanned = ({ path, key, size }: PlannedFile): void => {
    if (statements.insertPlannedFile.run({ batch_id: batchId, path, key, size }).changes === 1) {
      bytesPlanned += size
      accepted(path)
      return
    }
    const { path: own } = statements.plannedFile.get(batchId, key) as { path: string }
    if (own !== path) addProblem(keyTaken(path, key))
  }

  return {
    addProblem,
    addJob,
    addPlanned,
    count(): void {
      if (bytesPlanned > 0) statements.countPlannedBytes.run(bytesPlanned, batchId)
      if (files !== 0 || problems !== 0) statements.countFound.run({ id: batchId, files, problems })
    },
  }
}
