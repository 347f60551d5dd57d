import type { Batch, BatchFile, BatchProblem, PlannedFile } from '../../../core/batch.js'
import { meetFile } from '../../../core/batch-problems.js'
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

  /** `own` is the path of the file of the batch that has the key already. Returns whether the file is accepted. */
  const isAccepted = (file: BatchFile, own: string | null, rival: string | null): boolean => {
    const met = meetFile(file, own, rival)
    if (typeof met !== 'string') addProblem(met)
    if (met === 'accepted') accepted(file.path)
    return met === 'accepted'
  }

  const addJob = (job: NewJob): void => {
    const file = { path: pathOf(job), key: job.target.key }
    const own = statements.jobOfBatchByKey.get(batchId, file.key) as { source_path: string } | undefined
    const rival = own === undefined ? rivalOf(writer, job) : null
    if (isAccepted(file, own?.source_path ?? null, rival)) insertJob(writer, job, null, batch.by, at)
  }

  const addPlanned = (file: PlannedFile): void => {
    const { path, key, size } = file
    const isNew = statements.insertPlannedFile.run({ batch_id: batchId, path, key, size }).changes === 1
    const own = isNew ? null : (statements.plannedFile.get(batchId, key) as { path: string }).path
    if (isAccepted(file, own, null)) bytesPlanned += size
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
