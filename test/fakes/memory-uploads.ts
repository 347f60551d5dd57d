import { type Job, leftByCancel } from '../../src/core/job.js'
import {
  abandonUpload,
  beginCompleting,
  beginRemoval,
  forgetUpload,
  nameUpload,
  planUpload,
  type Step,
} from '../../src/core/job-steps.js'
import { inheritUpload } from '../../src/core/leftovers.js'
import type { StoredPart } from '../../src/core/part.js'
import { viewPart } from '../../src/core/part-view.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { Fenced, Lease } from '../../src/ports/lease.js'
import type { createMemoryBatches } from './memory-batches.js'
import type { createMemoryEvents } from './memory-events.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryOrphans } from './memory-orphans.js'
import { provenBy, settled } from './memory-steps.js'

export interface MemoryRow {
  readonly seq: number
  readonly notBefore: number | null
  readonly idempotency: IdempotencyKey | null
  job: Job
  parts: StoredPart[]
  epoch: number
  leaseUntil: number | null
}

export const pendingPart = {
  state: 'pending',
  etag: null,
  crc64: null,
  proven: false,
  attempts: 0,
  uploadedAt: null,
} as const

interface Deps {
  /** The row of a job while this lease holds it. */
  held(lease: Lease): MemoryRow | null
  save(row: MemoryRow, step: Step): Job
  /** As `save`, and the lease is over. */
  unlease(row: MemoryRow, step: Step): Job
  readonly orphans: Pick<
    ReturnType<typeof createMemoryOrphans<MemoryRow>>,
    'leftOf' | 'abandon' | 'abandonedOf' | 'noteUnanswered' | 'answered' | 'leave' | 'abandonAll'
  >
  readonly batches: Pick<ReturnType<typeof createMemoryBatches>, 'moved'>
  readonly log: Pick<ReturnType<typeof createMemoryEvents>, 'append'>
  now(): number
}

/** What a run writes of its upload, under its lease. */
export const createMemoryUploads = ({ held, save, unlease, orphans, batches, log, now }: Deps) => {
  const fenced = (lease: Lease, take: (job: Job) => Step): Job | Fenced => {
    const row = held(lease)
    return row === null ? 'fenced' : save(row, take(row.job))
  }

  const operations = {
    takeLeftovers: (lease) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      for (const failed of orphans.leftOf(row.job.target)) {
        const step = inheritUpload(row.job, failed.job)
        const given = step === null ? null : abandonUpload(failed.job)
        if (step === null || given === null) {
          orphans.abandon({ jobId: failed.job.id, uploadId: failed.job.upload?.uploadId ?? '' })
          continue
        }
        save(failed, given)
        save(row, step)
        row.parts = [...failed.parts]
      }
      return { job: row.job, left: orphans.abandonedOf(row.job.target) }
    },

    beginUpload: (lease, upload, parts) => {
      const job = fenced(lease, (current) => planUpload(current, upload))
      const row = held(lease)
      if (row !== null) row.parts = parts.map((part) => ({ ...part, ...pendingPart }))
      return job
    },

    noteUnansweredInitiate: (lease) => {
      if (held(lease) === null) return 'fenced'
      orphans.noteUnanswered(lease.jobId)
      return 'ok'
    },

    setUploadId: (lease, uploadId) =>
      fenced(lease, (job) => {
        const step = nameUpload(job, uploadId)
        orphans.answered(job.id)
        return step
      }),

    setIntent: (lease, intent) =>
      fenced(lease, (job) => {
        if (job.intent === 'initiate' && intent === null) orphans.answered(job.id)
        return { job: { ...job, intent }, event: null }
      }),

    commitParts: (lease, parts) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      const plan = parts.map((part) => {
        const planned = row.parts.findIndex((p) => p.partNumber === part.partNumber && p.size === part.size)
        if (planned === -1) throw new Error('a part that was sent is not in the plan')
        return { part, planned }
      })
      for (const { part, planned } of plan) {
        const before = row.parts[planned]
        if (before === undefined) continue
        if (before.state === 'uploaded') {
          const { etag, crc64, proven } = part
          if (before.etag !== etag) row.parts[planned] = { ...before, etag, crc64, proven }
          continue
        }
        const after: StoredPart = { ...before, ...part, state: 'uploaded', uploadedAt: now() }
        row.parts[planned] = after
        const job = row.job
        row.job = {
          ...row.job,
          bytesUploaded: row.job.bytesUploaded + part.size,
          partsUploaded: row.job.partsUploaded + 1,
          crashes: 0,
        }
        batches.moved(job, row.job)
        log.append(row.job, 'part.uploaded', { part: viewPart(after) })
      }
      return 'ok'
    },

    chargeAttempts: (lease, count) => {
      const job = fenced(lease, (current) => ({
        job: { ...current, attempts: current.attempts + count },
        event: null,
      }))
      return job === 'fenced' ? 'fenced' : 'ok'
    },

    forgetUpload: (lease, fingerprint, isLeft = false) => {
      const row = isLeft ? held(lease) : null
      if (row !== null) orphans.leave(row.job)
      return fenced(lease, (job) => forgetUpload(job, fingerprint))
    },

    beginCompleting: (lease) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      const step = beginCompleting(row.job)
      return step === 'unwanted' ? 'unwanted' : save(row, step)
    },

    beginRemoval: (lease, removal) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      const step = beginRemoval(row.job, removal)
      return step === 'unwanted' ? 'unwanted' : save(row, step)
    },

    finish: (lease, finish) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      const step = settled(row.job, finish, now())
      if (step === 'unwanted') return 'unwanted'
      const { upload, receipt } = step.job
      if (step.job.state === 'completed' && upload?.mode === 'put' && receipt !== null) {
        row.parts = row.parts.map((part) => ({ ...part, ...provenBy(receipt) }))
      }
      if (leftByCancel(step.job) !== null) orphans.leave(step.job)
      if (step.job.outcome === 'uploaded') orphans.abandonAll(step.job.target)
      return unlease(row, step)
    },
  } satisfies Partial<MemoryOperations>
  return operations
}
