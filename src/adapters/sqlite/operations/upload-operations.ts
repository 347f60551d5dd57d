import type { Job } from '../../../core/job.js'
import { finishStep } from '../../../core/job-ends.js'
import {
  beginCompleting,
  beginRemoval,
  chargeAttempts,
  forgetUpload,
  nameUpload,
  planUpload,
  type Step,
  setIntent,
} from '../../../core/job-steps.js'
import type { StoredPart, UploadedPart } from '../../../core/part.js'
import { commitPart, countParts } from '../../../core/part-steps.js'
import { viewPart } from '../../../core/part-view.js'
import { noteFingerprint } from '../../../core/source-steps.js'
import type { Lease } from '../../../ports/lease.js'
import { appendPartUploaded, type JobWriter, takeFenced, uploadedColumnsOf } from '../jobs/job-writer.js'
import { type JobRow, jobOf, type PartRow, partOf } from '../sql/rows.js'
import type { Operations } from '../thread/protocol.js'

/**
 * Creates the operations with which a run writes down its upload. Every operation is fenced by the lease of the run.
 */
export const createUploadOperations = (writer: JobWriter) => {
  const { statements } = writer

  /** Returns the part when it was still pending. Throws when it is not in the plan. */
  const writePart = (row: JobRow, part: UploadedPart, at: number): readonly StoredPart[] => {
    const key = { job_id: row.id, part_number: part.partNumber, size: part.size }
    const planned = statements.partInPlan.get(key) as PartRow | undefined
    if (planned === undefined) throw new Error('a part that was sent is not in the plan')
    const step = commitPart(partOf(planned), part, at)
    if (step === null) return []
    const columns = { job_id: row.id, ...uploadedColumnsOf(part, at) }
    if (!step.isFresh) {
      statements.correctPart.run(columns)
      return []
    }
    statements.markPartUploaded.run(columns)
    appendPartUploaded(writer, row, viewPart(step.part), at)
    return [step.part]
  }

  /** Takes a step that may be `unwanted`, because the user wants something else. */
  const take = (lease: Lease, at: number, step: (job: Job) => Step | 'unwanted'): Job | 'unwanted' | 'fenced' => {
    const row = writer.held(lease)
    if (row === null) return 'fenced'
    const taken = step(jobOf(row))
    return taken === 'unwanted' ? taken : writer.save(row, taken, at)
  }

  return {
    noteFingerprint: (at, lease, fingerprint) =>
      takeFenced(writer, lease, at, (job) => noteFingerprint(job, fingerprint)),

    beginUpload: (at, lease, upload, parts) => takeFenced(writer, lease, at, (job) => planUpload(job, upload, parts)),

    noteUnansweredInitiate: (_at, lease) => {
      if (writer.held(lease) === null) return 'fenced'
      statements.noteUnanswered.run(lease.jobId)
      return 'ok'
    },

    setUploadId: (at, lease, uploadId) => takeFenced(writer, lease, at, (job) => nameUpload(job, uploadId)),

    setIntent: (at, lease, intent) => takeFenced(writer, lease, at, (job) => setIntent(job, intent)),

    commitParts: (at, lease, parts) => {
      const row = writer.held(lease)
      if (row === null) return 'fenced'
      const fresh = parts.flatMap((part) => writePart(row, part, at))
      if (fresh.length > 0) writer.save(row, countParts(jobOf(row), fresh), at)
      return 'ok'
    },

    chargeAttempts: (at, lease, count) =>
      takeFenced(writer, lease, at, (job) => chargeAttempts(job, count)) === 'fenced' ? 'fenced' : 'ok',

    forgetUpload: (at, lease, fingerprint, isLeft = false) =>
      takeFenced(writer, lease, at, (job) => forgetUpload(job, fingerprint, isLeft)),

    beginCompleting: (at, lease) => take(lease, at, beginCompleting),

    beginRemoval: (at, lease, removal) => take(lease, at, (job) => beginRemoval(job, removal)),

    finish: (at, lease, finish) => {
      const row = writer.held(lease)
      if (row === null) return 'fenced'
      const step = finishStep(jobOf(row), finish, at)
      return step === 'unwanted' ? step : writer.saveUnleased(row, step, at)
    },
  } satisfies Partial<Operations>
}
