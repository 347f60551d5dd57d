import { finishStep } from '../../src/core/job-ends.js'
import {
  beginCompleting,
  beginRemoval,
  chargeAttempts,
  forgetUpload,
  nameUpload,
  planUpload,
  setIntent,
} from '../../src/core/job-steps.js'
import { takeLeftover } from '../../src/core/leftovers.js'
import { commitPart, countParts } from '../../src/core/part-steps.js'
import { viewPart } from '../../src/core/part-view.js'
import { noteFingerprint } from '../../src/core/source-steps.js'
import type { UploadStore } from '../../src/ports/upload-store.js'
import type { MemoryJobs } from './memory-jobs.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryOrphans } from './memory-orphans.js'

type Orphans = Pick<ReturnType<typeof createMemoryOrphans>, 'abandonedOf' | 'noteUnanswered'>

/** Creates the operations by which a run writes about its upload, under its lease. */
export const createMemoryUploads = (
  { now, log, save, unlease, underLease, leftOf }: MemoryJobs,
  orphans: Orphans,
): Pick<MemoryOperations, keyof UploadStore> => ({
  noteFingerprint: (lease, fingerprint) => underLease(lease, (row) => save(row, noteFingerprint(row.job, fingerprint))),
  takeLeftovers: (lease) =>
    underLease(lease, (row) => {
      for (const other of leftOf(row.job.target)) {
        const leftover = takeLeftover(row.job, other.job)
        if (leftover === null) continue
        save(other, leftover.failed)
        if (leftover.heir !== null) save(row, leftover.heir)
      }
      return { job: row.job, left: orphans.abandonedOf(row.job.target) }
    }),
  beginUpload: (lease, upload, parts) => underLease(lease, (row) => save(row, planUpload(row.job, upload, parts))),
  noteUnansweredInitiate: (lease) =>
    underLease(lease, ({ job }) => {
      orphans.noteUnanswered(job.id)
      return 'ok'
    }),
  setUploadId: (lease, uploadId) => underLease(lease, (row) => save(row, nameUpload(row.job, uploadId))),
  setIntent: (lease, intent) => underLease(lease, (row) => save(row, setIntent(row.job, intent))),
  commitParts: (lease, parts) =>
    underLease(lease, (row) => {
      const steps = parts.flatMap((part) => {
        const planned = row.parts.find(({ partNumber, size }) => partNumber === part.partNumber && size === part.size)
        if (planned === undefined) throw new Error('a part that was sent is not in the plan')
        return commitPart(planned, part, now()) ?? []
      })
      const changed = new Map(steps.map(({ part }) => [part.partNumber, part]))
      row.parts = row.parts.map((part) => changed.get(part.partNumber) ?? part)
      const fresh = steps.filter(({ isFresh }) => isFresh).map(({ part }) => part)
      const { id: jobId, batchId } = row.job
      for (const part of fresh) log.append('part.uploaded', { jobId, batchId }, { part: viewPart(part) })
      if (fresh.length > 0) save(row, countParts(row.job, fresh))
      return 'ok'
    }),
  chargeAttempts: (lease, count) =>
    underLease(lease, (row) => {
      save(row, chargeAttempts(row.job, count))
      return 'ok'
    }),
  forgetUpload: (lease, fingerprint, isLeft = false) =>
    underLease(lease, (row) => save(row, forgetUpload(row.job, fingerprint, isLeft))),
  beginCompleting: (lease) =>
    underLease(lease, (row) => {
      const step = beginCompleting(row.job)
      return step === 'unwanted' ? step : save(row, step)
    }),
  beginRemoval: (lease, removal) =>
    underLease(lease, (row) => {
      const step = beginRemoval(row.job, removal)
      return step === 'unwanted' ? step : save(row, step)
    }),
  finish: (lease, finish) =>
    underLease(lease, (row) => {
      const step = finishStep(row.job, finish, now())
      return step === 'unwanted' ? step : unlease(row, step)
    }),
})
