import { isSettled, type Job } from '../../../core/job.js'
import { cancelJob, changeJob, pauseJob, resumeJob, retryJob, type Step } from '../../../core/job-steps.js'
import type { ControlRequest } from '../../../ports/job-store.js'
import type { Ledger } from '../jobs/job-writer.js'
import { leaveAlone } from '../jobs/steer-batch.js'
import { jobOf, tunedColumnsOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

const stepOf = (job: Job, request: ControlRequest, notBefore: number | null, at: number): Step | 'invalid_state' => {
  switch (request.verb) {
    case 'pause':
      return pauseJob(job)
    case 'resume':
      return resumeJob(job, notBefore, at)
    case 'cancel':
      return cancelJob(job)
    case 'retry':
      return retryJob(job, request.fingerprint, notBefore, at)
  }
}

/** What the user wants of a job. */
export const createControlOperations = (ledger: Ledger) => {
  const { statements } = ledger
  return {
    control: (at, jobId, request, by) => {
      const row = ledger.job(jobId)
      if (row === null) return { kind: 'not_found' }
      const job = jobOf(row)
      if (row.batch_id !== null) leaveAlone(ledger, row.batch_id, row.seq, request.verb)
      const step = stepOf(job, request, row.not_before, at)
      if (step === 'invalid_state') return { kind: 'invalid_state', state: job.state }
      if (step.job === job) return { kind: 'ok', job }
      if (request.verb === 'retry') {
        const rival = statements.rivalOfTarget.get(job.target) as { id: string } | undefined
        if (rival !== undefined) return { kind: 'target_busy', jobId: rival.id }
      }
      return { kind: 'ok', job: ledger.save(row, { ...step, by: by ?? null }, at) }
    },

    change: (at, jobId, changes, ifVersions, by) => {
      const row = ledger.job(jobId)
      if (row === null) return { kind: 'not_found' }
      if (ifVersions?.includes(row.version) === false) return { kind: 'precondition_failed', version: row.version }
      const job = jobOf(row)
      const step = changeJob(job, changes)
      if (step === 'invalid_state') return { kind: 'invalid_state', state: job.state }
      if (step.event === null) return { kind: 'ok', job }
      statements.changeJob.run({ seq: row.seq, ...tunedColumnsOf(step.job) })
      ledger.appendJob(step.job, step.event, at, by)
      return { kind: 'ok', job: step.job }
    },

    remove: (at, jobId, by) => {
      const row = ledger.job(jobId)
      if (row === null) return 'not_found'
      if (!isSettled(row.state)) return 'invalid_state'
      const job = jobOf(row)
      ledger.deleteJob(job)
      ledger.appendJob(job, 'job.deleted', at, by)
      return 'ok'
    },
  } satisfies Partial<Operations>
}
