import { isSettled } from '../../../core/job.js'
import { changeJob } from '../../../core/job-steps.js'
import { controlStep, lawOf } from '../../../core/verb-law.js'
import type { BulkSteps } from '../jobs/bulk-verbs.js'
import { rivalOf } from '../jobs/insert-job.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { tunedColumns, valuesOf } from '../sql/job-columns.js'
import { jobOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

const tunedValuesOf = valuesOf(tunedColumns)

/** Creates the operations that write what the user wants of a job. */
export const createControlOperations = (writer: JobWriter, { leaveAlone }: BulkSteps) => {
  const { statements } = writer
  return {
    control: (at, jobId, request, by) => {
      const row = writer.job(jobId)
      if (row === null) return { kind: 'not_found' }
      const job = jobOf(row)
      const step = controlStep(job, request, at)
      if (step === 'invalid_state') return { kind: 'invalid_state', state: job.state }
      leaveAlone(row, request.verb)
      if (step.job === job) return { kind: 'ok', job }
      const rival = lawOf(request.verb).bringsBack ? rivalOf(writer, job) : null
      if (rival !== null) return { kind: 'target_busy', jobId: rival }
      return { kind: 'ok', job: writer.save(row, { ...step, by: by ?? null }, at) }
    },

    change: (at, jobId, changes, ifVersions, by) => {
      const row = writer.job(jobId)
      if (row === null) return { kind: 'not_found' }
      if (ifVersions?.includes(row.version) === false) return { kind: 'precondition_failed', version: row.version }
      const job = jobOf(row)
      const step = changeJob(job, changes)
      if (step === 'invalid_state') return { kind: 'invalid_state', state: job.state }
      if (step.event === null) return { kind: 'ok', job }
      statements.changeJob.run(...tunedValuesOf(step.job), row.seq)
      writer.appendJob(step.job, step.event, at, by)
      return { kind: 'ok', job: step.job }
    },

    remove: (at, jobId, by) => {
      const row = writer.job(jobId)
      if (row === null) return 'not_found'
      if (!isSettled(row.state)) return 'invalid_state'
      const job = jobOf(row)
      writer.deleteJob(job)
      writer.appendJob(job, 'job.deleted', at, by)
      return 'ok'
    },
  } satisfies Partial<Operations>
}
