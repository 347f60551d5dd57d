import type { Job, NewJob } from '../../../core/job.js'
import { changeOf, countedOf } from '../../../core/job-changes.js'
import { createJob } from '../../../core/job-steps.js'
import type { IdempotencyKey } from '../../../ports/idempotency-key.js'
import { newColumns, valuesOf } from '../sql/job-columns.js'
import type { JobWriter } from './job-writer.js'

const newValuesOf = valuesOf(newColumns)

/** Returns the id of the unsettled job that writes the same object; null when there is none. */
export const rivalOf = ({ statements }: JobWriter, { target }: Pick<NewJob, 'target'>): string | null =>
  (statements.rivalOfTarget.get(target) as { id: string } | undefined)?.id ?? null

/** Returns whether so many more jobs may be queued. */
export const hasRoom = ({ counters }: JobWriter, jobs: number, mostQueued: number | null): boolean =>
  mostQueued === null || counters.queued() + jobs <= mostQueued

/** Writes a new job and its event. The caller has made sure that no other job is in its way. */
export const insertJob = (
  writer: JobWriter,
  request: NewJob,
  idempotency: IdempotencyKey | null,
  by: string | null,
  at: number,
): Job => {
  const { job, told } = changeOf(null, { ...createJob(request, at), by }, at)
  const values = newValuesOf(job)
  values.push(writer.places.numberOf(job.place), idempotency?.key ?? null, idempotency?.fingerprint ?? null)
  writer.statements.insertJob.run(...values)
  writer.counters.count(job.batchId, null, countedOf(job))
  if (told !== null) writer.tell(job, told, at)
  return job
}
