import { type Job, type JobTarget, leftByCancel } from '../../src/core/job.js'
import { abandonUpload, clearLeftover, initiateChange, type Step } from '../../src/core/job-steps.js'
import type { AbandonedUpload, AbandonRequest, InitiateWindow, UploadTrace } from '../../src/ports/orphan-store.js'
import type { UploadRef } from '../../src/ports/target.js'

interface Initiate {
  readonly jobId: string
  readonly bucket: string
  readonly key: string
  readonly beganAt: number
  endedAt: number | null
  unanswered: boolean
}

interface Row {
  readonly job: Job
}

export interface Abandoned extends AbandonedUpload {
  readonly seq: number
}

/** What the store in memory keeps of uploads beside its jobs. */
export interface MemoryOrphans<R> {
  /** Told of every step, before it is taken. */
  stepTaken(before: Job, after: Job): void
  answered(jobId: string): void
  noteUnanswered(jobId: string): void
  removed(job: Job): void
  /** The job's upload stays in OSS although it is over. */
  leave(job: Job): void
  bucketUsed(bucket: string): void
  buckets(): readonly string[]
  trace(upload: UploadRef): UploadTrace
  abandon(request: AbandonRequest): number
  /** Failed jobs that have an upload of the object in OSS, youngest first. */
  leftOf(target: JobTarget): readonly R[]
  abandonAll(target: JobTarget): void
  abandonedOf(target: JobTarget): readonly AbandonedUpload[]
  abandonedAfter(seq: number): readonly Abandoned[]
  forgetAbandoned(uploadId: string): void
  forgetInitiates(olderThanMs: number, limit: number): number
}

export const createMemoryOrphans = <R extends Row>(
  rows: ReadonlyMap<string, R>,
  now: () => number,
  save: (row: R, step: Step) => void,
): MemoryOrphans<R> => {
  const buckets = new Set<string>()
  let initiates: Initiate[] = []
  let abandoned: Abandoned[] = []
  let lastSeq = 0

  const openInitiate = (jobId: string): Initiate | undefined =>
    initiates.find((initiate) => initiate.jobId === jobId && initiate.endedAt === null)

  const keep = ({ id, target, upload }: Job): void => {
    const uploadId = upload?.uploadId ?? null
    if (uploadId !== null) abandoned.push({ seq: ++lastSeq, jobId: id, target, uploadId })
  }

  const windowOf = ({ jobId, beganAt, endedAt }: Initiate): InitiateWindow => ({
    jobId,
    beganAt,
    endedAt: endedAt ?? rows.get(jobId)?.job.finishedAt ?? null,
  })

  const sameObject = (a: Pick<UploadRef, 'bucket' | 'key'>, b: Pick<UploadRef, 'bucket' | 'key'>): boolean =>
    a.bucket === b.bucket && a.key === b.key

  const chosen = (request: AbandonRequest): readonly R[] => {
    const all = [...rows.values()]
    if (!('limit' in request)) {
      return all.filter(({ job }) => job.id === request.jobId && job.upload?.uploadId === request.uploadId)
    }
    return all
      .filter(({ job }) => job.state === 'failed' && job.upload?.uploadId != null)
      .filter(({ job }) => (job.finishedAt ?? 0) < now() - request.olderThanMs)
      .sort((a, b) => (a.job.finishedAt ?? 0) - (b.job.finishedAt ?? 0))
      .slice(0, request.limit)
  }

  const sameTarget = (a: JobTarget, b: JobTarget): boolean => sameObject(a, b) && a.endpoint === b.endpoint

  const giveUp = (row: R): boolean => {
    const step = abandonUpload(row.job)
    if (step === null) return false
    keep(row.job)
    save(row, step)
    return true
  }

  const leftOf = (target: JobTarget): readonly R[] =>
    [...rows.values()]
      .filter(({ job }) => job.state === 'failed' && job.upload?.uploadId != null && sameTarget(job.target, target))
      .reverse()

  return {
    leftOf,
    abandonAll: (target) => leftOf(target).forEach(giveUp),
    abandonedOf: (target) =>
      abandoned
        .filter((upload) => sameTarget(upload.target, target))
        .map(({ seq: _, ...upload }) => upload)
        .reverse()
        .slice(0, 10),
    stepTaken(before, after) {
      const change = initiateChange(before.intent, after.intent)
      const open = openInitiate(after.id)
      if (change === 'over' && open !== undefined) open.endedAt = now()
      if (change !== 'begun' || open !== undefined) return
      const { bucket, key } = after.target
      initiates.push({ jobId: after.id, bucket, key, beganAt: now(), endedAt: null, unanswered: false })
    },
    answered(jobId) {
      const open = openInitiate(jobId)
      if (open?.unanswered === false) initiates = initiates.filter((initiate) => initiate !== open)
    },
    noteUnanswered(jobId) {
      const open = openInitiate(jobId)
      if (open !== undefined) open.unanswered = true
    },
    removed(job) {
      const open = openInitiate(job.id)
      if (open !== undefined) open.endedAt = job.finishedAt
      if (job.state === 'failed') keep(job)
    },
    leave: keep,
    bucketUsed: (bucket) => void buckets.add(bucket),
    buckets: () => [...buckets].sort(),
    trace(upload) {
      const row = [...rows.values()].find(
        ({ job }) => job.upload?.uploadId === upload.uploadId && sameObject(job.target, upload),
      )
      if (row !== undefined) return { kind: 'job', jobId: row.job.id, state: row.job.state }
      const left = abandoned.find(({ uploadId, target }) => uploadId === upload.uploadId && sameObject(target, upload))
      if (left !== undefined) return { kind: 'abandoned', jobId: left.jobId }
      return {
        kind: 'unknown',
        initiates: initiates.filter((initiate) => sameObject(initiate, upload)).map(windowOf),
      }
    },
    abandon(request) {
      let count = 0
      for (const row of chosen(request)) if (giveUp(row)) count++
      return count
    },
    abandonedAfter: (seq) => abandoned.filter((upload) => upload.seq > seq),
    forgetAbandoned(uploadId) {
      const row = rows.get(abandoned.find((upload) => upload.uploadId === uploadId)?.jobId ?? '')
      if (row !== undefined && leftByCancel(row.job) === uploadId) save(row, clearLeftover(row.job))
      abandoned = abandoned.filter((upload) => upload.uploadId !== uploadId)
    },
    forgetInitiates(olderThanMs, limit) {
      const before = now() - olderThanMs
      const old = new Set(initiates.filter(({ endedAt }) => endedAt !== null && endedAt < before).slice(0, limit))
      initiates = initiates.filter((initiate) => !old.has(initiate))
      return old.size
    },
  }
}
