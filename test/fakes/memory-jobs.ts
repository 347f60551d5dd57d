import { isSettled, type Job, type JobTarget, type NewJob } from '../../src/core/job.js'
import { type Change, changeOf, type Told, toldOf, type WebhookMessage } from '../../src/core/job-changes.js'
import { abandonUpload, createJob, type PartsChange, type Step } from '../../src/core/job-steps.js'
import type { StoredPart } from '../../src/core/part.js'
import { commitPart } from '../../src/core/part-steps.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { Fenced, Lease } from '../../src/ports/lease.js'
import { createMemoryEvents } from './memory-events.js'
import type { MemoryStoreDeps } from './memory-operations.js'
import { createMemoryPages } from './memory-pages.js'

export interface MemoryRow {
  readonly seq: number
  readonly idempotency: IdempotencyKey | null
  job: Job
  parts: readonly StoredPart[]
  epoch: number
  leaseUntil: number | null
}

/** A part of the store that hears of the jobs. */
interface Follower {
  /** `before` is null when the job was made. */
  changed?(before: Job | null, change: Change): void
  /** `prunedBefore` is null when a user removed the job, and else the instant before which jobs are forgotten. */
  removed?(job: Job, prunedBefore: number | null): void
  /** An event was appended that a webhook is to tell. */
  told?(eventId: string, jobId: string, message: WebhookMessage): void
}

export const isSame = (a: JobTarget, b: JobTarget): boolean =>
  a.bucket === b.bucket && a.key === b.key && a.endpoint === b.endpoint

const pending = { state: 'pending', etag: null, crc64: null, proven: false, attempts: 0, uploadedAt: null } as const

export type MemoryJobs = ReturnType<typeof createMemoryJobs>

/** Creates the rows of the memory store, and the one way in which a step of a job and its event are written. */
export const createMemoryJobs = ({ clock: { now }, instance = 'memory00' }: MemoryStoreDeps) => {
  const rows = new Map<string, MemoryRow>()
  const log = createMemoryEvents(instance, now)
  const followers: Follower[] = []
  let lastSeq = 0

  /** Returns the rows in the order in which they were made, which is that of the map. */
  const bySeq = (): readonly MemoryRow[] => [...rows.values()]

  /** Returns the failed jobs that have an upload of the object in OSS, youngest first. */
  const leftOf = (target: JobTarget): readonly MemoryRow[] =>
    bySeq()
      .filter(({ job }) => job.state === 'failed' && job.upload?.uploadId != null && isSame(job.target, target))
      .reverse()

  const partsAfter = (parts: readonly StoredPart[], change: PartsChange): readonly StoredPart[] => {
    switch (change.kind) {
      case 'reset':
        return parts.map((part) => ({ ...part, ...pending }))
      case 'dropped':
        return []
      case 'planned':
        return change.parts.map((part) => ({ ...part, ...pending }))
      case 'inherited':
        return rows.get(change.jobId)?.parts ?? []
      case 'proven':
        return parts.map((part) => commitPart(part, change.part, change.uploadedAt)?.part ?? part)
    }
  }

  const tell = (job: Job, { event: { type, job: view, by }, webhook }: Told): void => {
    const id = log.append(type, { jobId: job.id, batchId: job.batchId }, { job: view }, by)
    if (webhook !== null) for (const follower of followers) follower.told?.(id, job.id, webhook)
  }

  const announce = (before: Job | null, change: Change): Job => {
    if (change.told !== null) tell(change.job, change.told)
    for (const follower of followers) follower.changed?.(before, change)
    return change.job
  }

  const save = (row: MemoryRow, step: Step): Job => {
    const before = row.job
    const change = changeOf(before, step, now())
    if (change.isObjectMade) leftOf(change.job.target).forEach(abandon)
    row.job = change.job
    if (change.parts !== null) row.parts = partsAfter(row.parts, change.parts)
    return announce(before, change)
  }

  const abandon = (row: MemoryRow): boolean => {
    const step = abandonUpload(row.job)
    if (step !== null) save(row, step)
    return step !== null
  }

  const insert = (request: NewJob, idempotency: IdempotencyKey | null, by: string | null): Job => {
    if (rows.has(request.id)) throw new Error('the job id is taken')
    const change = changeOf(null, { ...createJob(request, now()), by }, now())
    rows.set(request.id, { seq: ++lastSeq, idempotency, job: change.job, parts: [], epoch: 0, leaseUntil: null })
    return announce(null, change)
  }

  const remove = (job: Job, prunedBefore: number | null): void => {
    rows.delete(job.id)
    for (const follower of followers) follower.removed?.(job, prunedBefore)
  }

  const underLease = <T>({ jobId, epoch }: Lease, work: (row: MemoryRow) => T): T | Fenced => {
    const row = rows.get(jobId)
    return row !== undefined && row.epoch === epoch && row.leaseUntil !== null ? work(row) : 'fenced'
  }

  return {
    now,
    log,
    pages: createMemoryPages(instance),
    followers,
    /** Returns the row of a job. */
    row: (id: string) => rows.get(id),
    bySeq,
    leftOf,
    tell,
    save,
    abandon,
    insert,
    remove,
    /** Removes a job and appends an event about it. */
    drop: ({ job }: MemoryRow, by: string | null): void => {
      remove(job, null)
      tell(job, toldOf(job, 'job.deleted', now(), by))
    },
    /** Carries out what a run writes, while its lease holds the job. */
    underLease,
    /** Takes a step that ends the lease. */
    unlease: (row: MemoryRow, step: Step): Job => {
      row.leaseUntil = null
      save(row, step)
      row.job = { ...row.job, node: null }
      return row.job
    },
    /** Returns the id of the unsettled job that writes the same object; null when there is none. */
    rivalOf: ({ target }: Pick<Job, 'target'>): string | null =>
      bySeq().find(({ job }) => !isSettled(job.state) && isSame(job.target, target))?.job.id ?? null,
    hasRoom: (jobs: number, mostQueued: number | null): boolean =>
      mostQueued === null || bySeq().filter(({ job }) => job.state === 'queued').length + jobs <= mostQueued,
  }
}
