import { type Job, leftByCancel } from '../../../core/job.js'
import {
  beginCompleting,
  beginRemoval,
  completeJob,
  failJob,
  forgetUpload,
  nameUpload,
  planUpload,
  type Step,
  settleCancel,
} from '../../../core/job-steps.js'
import type { UploadedPart } from '../../../core/part.js'
import { viewPart } from '../../../core/part-view.js'
import type { Finish } from '../../../ports/upload-store.js'
import { appendPartUploaded, type Ledger, takeFenced } from '../jobs/job-writer.js'
import { type JobRow, jobOf, type PartRow, partOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'
import { abandonLeftUploads } from './orphan-operations.js'

const settle = (job: Job, finish: Finish, at: number): Step | 'unwanted' => {
  switch (finish.to) {
    case 'completed':
      return completeJob(job, finish.outcome, finish.receipt, at, finish.removal)
    case 'failed':
      return failJob(job, finish.error, finish.receipt, at)
    case 'cancelled':
      return settleCancel(job, finish.refusal, at)
  }
}

/** What a run writes down of its upload. Every operation is fenced by its lease. */
export const createUploadOperations = (ledger: Ledger) => {
  const { statements } = ledger

  /** True when the part was still pending. Throws when it is not in the plan. */
  const commitPart = (row: JobRow, part: UploadedPart, at: number): boolean => {
    const place = { job_id: row.id, part_number: part.partNumber, size: part.size }
    const planned = statements.partInPlan.get(place) as PartRow | undefined
    if (planned === undefined) throw new Error('a part that was sent is not in the plan')
    if (planned.state === 'uploaded') {
      if (planned.etag !== part.etag) statements.correctPart.run({ ...place, ...uploadedColumnsOf(part) })
      return false
    }
    statements.markPartUploaded.run({ ...place, ...uploadedColumnsOf(part), uploaded_at: at })
    const view = viewPart({ ...partOf(planned), ...part, state: 'uploaded', uploadedAt: at })
    appendPartUploaded(ledger, row, view, at)
    return true
  }

  return {
    beginUpload: (at, lease, upload, parts) => {
      const job = takeFenced(ledger, lease, at, (current) => planUpload(current, upload))
      if (job === 'fenced') return job
      statements.deleteParts.run(job.id)
      for (const { partNumber, offset, size } of parts) statements.insertPart.run(job.id, partNumber, offset, size)
      return job
    },

    noteUnansweredInitiate: (_at, lease) => {
      if (ledger.held(lease) === null) return 'fenced'
      statements.noteUnanswered.run(lease.jobId)
      return 'ok'
    },

    setUploadId: (at, lease, uploadId) =>
      takeFenced(ledger, lease, at, (job) => {
        statements.forgetAnswered.run(job.id)
        return nameUpload(job, uploadId)
      }),

    setIntent: (at, lease, intent) =>
      takeFenced(ledger, lease, at, (job) => {
        if (job.intent === 'initiate' && intent === null) statements.forgetAnswered.run(job.id)
        return { job: { ...job, intent }, event: null }
      }),

    commitParts: (at, lease, parts) => {
      const row = ledger.held(lease)
      if (row === null) return 'fenced'
      const fresh = parts.filter((part) => commitPart(row, part, at))
      if (fresh.length > 0) {
        const bytes = fresh.reduce((sum, part) => sum + part.size, 0)
        statements.addUploadedParts.run({ id: row.id, bytes, parts: fresh.length })
      }
      return 'ok'
    },

    chargeAttempts: (_at, { jobId, epoch }, count) =>
      statements.chargeAttempts.run({ id: jobId, epoch, count }).changes === 1 ? 'ok' : 'fenced',

    forgetUpload: (at, lease, fingerprint, isLeft = false) => {
      const row = isLeft ? ledger.held(lease) : null
      if (row !== null && row.upload_id !== null) statements.insertAbandoned.run(row)
      return takeFenced(ledger, lease, at, (job) => forgetUpload(job, fingerprint))
    },

    beginCompleting: (at, lease) => {
      const row = ledger.held(lease)
      if (row === null) return 'fenced'
      const step = beginCompleting(jobOf(row))
      return step === 'unwanted' ? step : ledger.save(row, step, at)
    },

    beginRemoval: (at, lease, removal) => {
      const row = ledger.held(lease)
      if (row === null) return 'fenced'
      const step = beginRemoval(jobOf(row), removal)
      return step === 'unwanted' ? step : ledger.save(row, step, at)
    },

    finish: (at, lease, finish) => {
      const row = ledger.held(lease)
      if (row === null) return 'fenced'
      const step = settle(jobOf(row), finish, at)
      if (step === 'unwanted') return step
      const { upload, receipt } = step.job
      if (step.job.state === 'completed' && upload?.mode === 'put' && receipt !== null) {
        // A put has no part of its own in OSS: its one row tells what the receipt proves.
        statements.markPartUploaded.run({
          job_id: row.id,
          part_number: 1,
          ...uploadedColumnsOf({ ...receipt, proven: receipt.serverCrc64 !== null, attempts: 1 }),
          uploaded_at: receipt.completedAt,
        })
      }
      if (leftByCancel(step.job) !== null) statements.insertAbandoned.run(row)
      if (step.job.outcome === 'uploaded') abandonLeftUploads(ledger, step.job.target, at)
      return ledger.saveUnleased(row, step, at)
    },
  } satisfies Partial<Operations>
}

const uploadedColumnsOf = (part: Pick<UploadedPart, 'etag' | 'crc64' | 'proven' | 'attempts'>) => ({
  etag: part.etag,
  crc64: part.crc64,
  proven: part.proven ? 1 : 0,
  attempts: part.attempts,
})
