import type { Job } from '../../src/core/job.js'
import { finishStep } from '../../src/core/job-ends.js'
import {
  beginCompleting,
  beginRemoval,
  chargeAttempts,
  forgetUpload,
  nameUpload,
  type PartsChange,
  planUpload,
  type Step,
  setIntent,
} from '../../src/core/job-steps.js'
import { takeLeftover } from '../../src/core/leftovers.js'
import type { StoredPart } from '../../src/core/part.js'
import { commitPart, countParts } from '../../src/core/part-steps.js'
import { viewPart } from '../../src/core/part-view.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { Fenced, Lease } from '../../src/ports/lease.js'
import type { UploadStore } from '../../src/ports/upload-store.js'
import type { createMemoryEvents } from './memory-events.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryOrphans } from './memory-orphans.js'

export interface MemoryRow {
  readonly seq: number
  readonly notBefore: number | null
  readonly idempotency: IdempotencyKey | null
  job: Job
  parts: readonly StoredPart[]
  epoch: number
  leaseUntil: number | null
}

const pending = { state: 'pending', etag: null, crc64: null, proven: false, attempts: 0, uploadedAt: null } as const

/** Returns the part rows after a change of them. */
export const partsAfter = (
  parts: readonly StoredPart[],
  change: PartsChange | null,
  partsOf: (jobId: string) => readonly StoredPart[],
): readonly StoredPart[] => {
  switch (change?.kind) {
    case undefined:
      return parts
    case 'reset':
      return parts.map((part) => ({ ...part, ...pending }))
    case 'dropped':
      return []
    case 'planned':
      return change.parts.map((part) => ({ ...part, ...pending }))
    case 'inherited':
      return partsOf(change.jobId)
    case 'proven':
      return parts.map((part) => commitPart(part, change.part, change.uploadedAt)?.part ?? part)
  }
}

interface Deps {
  /** Returns the row of a job while this lease holds it. */
  held(lease: Lease): MemoryRow | null
  save(row: MemoryRow, step: Step): Job
  readonly orphans: ReturnType<typeof createMemoryOrphans>
  readonly log: Pick<ReturnType<typeof createMemoryEvents>, 'append'>
  now(): number
}

/** Creates the operations by which a run writes about its upload, under its lease. */
export const createMemoryUploads = ({
  held,
  save,
  orphans,
  log,
  now,
}: Deps): Pick<MemoryOperations, keyof UploadStore> => {
  const taken = (lease: Lease, take: (job: Job) => Step): Job | Fenced => {
    const row = held(lease)
    return row === null ? 'fenced' : save(row, take(row.job))
  }

  /** Takes a step that a verb of the user may forbid. */
  const wanted = (lease: Lease, take: (job: Job) => Step | 'unwanted', isOver = false): Job | 'unwanted' | Fenced => {
    const row = held(lease)
    if (row === null) return 'fenced'
    const step = take(row.job)
    if (step === 'unwanted') return step
    if (isOver) row.leaseUntil = null
    return save(row, step)
  }

  return {
    takeLeftovers: (lease) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      for (const other of orphans.leftOf(row.job.target)) {
        const leftover = takeLeftover(row.job, other.job)
        if (leftover === null) continue
        save(other, leftover.failed)
        if (leftover.heir !== null) save(row, leftover.heir)
      }
      return { job: row.job, left: orphans.abandonedOf(row.job.target) }
    },
    beginUpload: (lease, upload, parts) => taken(lease, (job) => planUpload(job, upload, parts)),
    noteUnansweredInitiate: (lease) => {
      if (held(lease) === null) return 'fenced'
      orphans.noteUnanswered(lease.jobId)
      return 'ok'
    },
    setUploadId: (lease, uploadId) => taken(lease, (job) => nameUpload(job, uploadId)),
    setIntent: (lease, intent) => taken(lease, (job) => setIntent(job, intent)),
    commitParts: (lease, parts) => {
      const row = held(lease)
      if (row === null) return 'fenced'
      const steps = parts.map((part) => {
        const planned = row.parts.find((one) => one.partNumber === part.partNumber && one.size === part.size)
        if (planned === undefined) throw new Error('a part that was sent is not in the plan')
        return commitPart(planned, part, now())
      })
      const fresh = steps.flatMap((step) => (step?.isFresh ? [step.part] : []))
      const byNumber = new Map(steps.map((step) => [step?.part.partNumber, step?.part]))
      row.parts = row.parts.map((part) => byNumber.get(part.partNumber) ?? part)
      for (const part of fresh) log.append(row.job, 'part.uploaded', { part: viewPart(part) })
      if (fresh.length > 0) save(row, countParts(row.job, fresh))
      return 'ok'
    },
    chargeAttempts: (lease, count) =>
      taken(lease, (job) => chargeAttempts(job, count)) === 'fenced' ? 'fenced' : 'ok',
    forgetUpload: (lease, fingerprint, isLeft = false) => taken(lease, (job) => forgetUpload(job, fingerprint, isLeft)),
    beginCompleting: (lease) => wanted(lease, beginCompleting),
    beginRemoval: (lease, removal) => wanted(lease, (job) => beginRemoval(job, removal)),
    finish: (lease, finish) => wanted(lease, (job) => finishStep(job, finish, now()), true),
  }
}
