import { type Job, type JobTarget, leftByCancel } from '../../src/core/job.js'
import { removalOf } from '../../src/core/job-changes.js'
import { clearLeftover } from '../../src/core/job-steps.js'
import type { AbandonedUpload, AbandonRequest, OrphanStore } from '../../src/ports/orphan-store.js'
import { isSame, type MemoryJobs, type MemoryRow } from './memory-jobs.js'
import type { MemoryOperations } from './memory-operations.js'

interface Initiate {
  readonly jobId: string
  readonly target: JobTarget
  readonly beganAt: number
  endedAt: number | null
  unanswered: boolean
}

/** Creates what the store in memory keeps of uploads beside its jobs. */
export const createMemoryOrphans = (jobs: MemoryJobs) => {
  const { now, pages, save, bySeq } = jobs
  const buckets = new Set<string>()
  let initiates: Initiate[] = []
  let abandoned: (AbandonedUpload & { readonly seq: number })[] = []
  let lastSeq = 0

  const openInitiate = (jobId: string): Initiate | undefined =>
    initiates.find((initiate) => initiate.jobId === jobId && initiate.endedAt === null)

  const keep = ({ id, target, upload }: Job): void => {
    const uploadId = upload?.uploadId ?? null
    if (uploadId !== null) abandoned.push({ seq: ++lastSeq, jobId: id, target, uploadId })
  }

  const shown = ({ seq: _, ...upload }: (typeof abandoned)[number]): AbandonedUpload => upload

  const chosen = (request: AbandonRequest): readonly MemoryRow[] => {
    if (!('limit' in request)) {
      return bySeq().filter(({ job }) => job.id === request.jobId && job.upload?.uploadId === request.uploadId)
    }
    const failedAt = ({ job }: MemoryRow): number => job.finishedAt ?? 0
    return bySeq()
      .filter((row) => row.job.state === 'failed' && row.job.upload?.uploadId != null)
      .filter((row) => failedAt(row) < now() - request.olderThanMs)
      .sort((a, b) => failedAt(a) - failedAt(b))
      .slice(0, request.limit)
  }

  jobs.followers.push({
    changed(before, { job, leavesUpload, initiate }) {
      buckets.add(job.target.bucket)
      if (leavesUpload && before !== null) keep(before)
      const open = openInitiate(job.id)
      if (initiate === 'begun' && open === undefined) {
        initiates.push({ target: job.target, jobId: job.id, beganAt: now(), endedAt: null, unanswered: false })
      }
      if (open === undefined || initiate === null || initiate === 'begun') return
      if (initiate === 'answered' && !open.unanswered) initiates = initiates.filter((one) => one !== open)
      else open.endedAt = now()
    },
    removed(job) {
      const { leavesUpload, initiateEndedAt } = removalOf(job)
      const open = openInitiate(job.id)
      if (open !== undefined) open.endedAt = initiateEndedAt
      if (leavesUpload) keep(job)
    },
  })

  const operations: Pick<MemoryOperations, keyof OrphanStore> = {
    buckets: () => [...buckets].sort(),
    traceUploads: (uploads) =>
      uploads.map(({ bucket, key, uploadId }) => {
        const isOfObject = ({ target }: { target: JobTarget }): boolean =>
          target.bucket === bucket && target.key === key
        const owner = bySeq().find(({ job }) => isOfObject(job) && job.upload?.uploadId === uploadId)
        if (owner !== undefined) return { kind: 'job', jobId: owner.job.id, state: owner.job.state }
        const left = abandoned.find((upload) => isOfObject(upload) && upload.uploadId === uploadId)
        if (left !== undefined) return { kind: 'abandoned', jobId: left.jobId }
        const windows = initiates.filter(isOfObject).map(({ jobId, beganAt, endedAt }) => {
          return { jobId, beganAt, endedAt: endedAt ?? jobs.row(jobId)?.job.finishedAt ?? null }
        })
        return { kind: 'unknown', initiates: windows }
      }),
    abandonUploads: (request) => chosen(request).filter(jobs.abandon).length,
    abandonedUploads: (request) => pages.oldest('abandoned', abandoned, request, shown),
    forgetAbandoned: (uploadId) => {
      const row = jobs.row(abandoned.find((upload) => upload.uploadId === uploadId)?.jobId ?? '')
      if (row !== undefined && leftByCancel(row.job) === uploadId) save(row, clearLeftover(row.job))
      abandoned = abandoned.filter((upload) => upload.uploadId !== uploadId)
    },
    forgetInitiates: (olderThanMs, limit) => {
      const before = now() - olderThanMs
      const old = new Set(initiates.filter(({ endedAt }) => endedAt !== null && endedAt < before).slice(0, limit))
      initiates = initiates.filter((initiate) => !old.has(initiate))
      return old.size
    },
  }

  return {
    operations,
    abandonedOf: (target: JobTarget): readonly AbandonedUpload[] =>
      abandoned
        .filter((upload) => isSame(upload.target, target))
        .map(shown)
        .reverse()
        .slice(0, 10),
    noteUnanswered(jobId: string): void {
      const open = openInitiate(jobId)
      if (open !== undefined) open.unanswered = true
    },
  }
}
