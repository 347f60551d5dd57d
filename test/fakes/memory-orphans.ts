import { type Job, type JobTarget, leftByCancel } from '../../src/core/job.js'
import { type Change, removalOf } from '../../src/core/job-changes.js'
import { abandonUpload, clearLeftover, type Step } from '../../src/core/job-steps.js'
import type { AbandonedUpload, AbandonRequest, InitiateWindow, OrphanStore } from '../../src/ports/orphan-store.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryPages } from './memory-pages.js'
import type { MemoryRow } from './memory-uploads.js'

interface Initiate {
  readonly jobId: string
  readonly bucket: string
  readonly key: string
  readonly beganAt: number
  endedAt: number | null
  unanswered: boolean
}

interface Deps {
  readonly rows: ReadonlyMap<string, MemoryRow>
  readonly pages: ReturnType<typeof createMemoryPages>
  now(): number
  save(row: MemoryRow, step: Step): void
}

type ObjectName = Pick<JobTarget, 'bucket' | 'key'>

const sameObject = (a: ObjectName, b: ObjectName): boolean => a.bucket === b.bucket && a.key === b.key

const sameTarget = (a: JobTarget, b: JobTarget): boolean => sameObject(a, b) && a.endpoint === b.endpoint

const hasLeft = ({ job }: MemoryRow): boolean => job.state === 'failed' && job.upload?.uploadId != null

/** Creates what the store in memory keeps of uploads beside its jobs. */
export const createMemoryOrphans = ({ rows, pages, now, save }: Deps) => {
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

  const windowOf = ({ jobId, beganAt, endedAt }: Initiate): InitiateWindow => ({
    jobId,
    beganAt,
    endedAt: endedAt ?? rows.get(jobId)?.job.finishedAt ?? null,
  })

  const chosen = (request: AbandonRequest): readonly MemoryRow[] => {
    const all = [...rows.values()]
    if (!('limit' in request)) {
      return all.filter(({ job }) => job.id === request.jobId && job.upload?.uploadId === request.uploadId)
    }
    const finishedAt = ({ job }: MemoryRow): number => job.finishedAt ?? 0
    return all
      .filter((row) => hasLeft(row) && finishedAt(row) < now() - request.olderThanMs)
      .sort((a, b) => finishedAt(a) - finishedAt(b))
      .slice(0, request.limit)
  }

  const abandon = (row: MemoryRow): boolean => {
    const step = abandonUpload(row.job)
    if (step !== null) save(row, step)
    return step !== null
  }

  /** Returns the failed jobs that have an upload of the object in OSS, youngest first. */
  const leftOf = (target: JobTarget): readonly MemoryRow[] =>
    [...rows.values()].filter((row) => hasLeft(row) && sameTarget(row.job.target, target)).reverse()

  const operations: Pick<MemoryOperations, keyof OrphanStore> = {
    buckets: () => [...buckets].sort(),
    traceUploads: (uploads) =>
      uploads.map((upload) => {
        const isIt = (target: JobTarget, uploadId?: string | null): boolean =>
          uploadId === upload.uploadId && sameObject(target, upload)
        const row = [...rows.values()].find(({ job }) => isIt(job.target, job.upload?.uploadId))
        if (row !== undefined) return { kind: 'job', jobId: row.job.id, state: row.job.state }
        const left = abandoned.find(({ uploadId, target }) => isIt(target, uploadId))
        if (left !== undefined) return { kind: 'abandoned', jobId: left.jobId }
        return {
          kind: 'unknown',
          initiates: initiates.filter((initiate) => sameObject(initiate, upload)).map(windowOf),
        }
      }),
    abandonUploads: (request) => chosen(request).filter(abandon).length,
    abandonedUploads: ({ limit, cursor }) => {
      const after = pages.startOf('abandoned', cursor, 0)
      const found = abandoned.filter(({ seq }) => seq > after)
      const page = pages.pageOf('abandoned', found, limit, ({ seq }) => seq)
      return { ...page, items: page.items.map(shown) }
    },
    forgetAbandoned: (uploadId) => {
      const row = rows.get(abandoned.find((upload) => upload.uploadId === uploadId)?.jobId ?? '')
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
    leftOf,
    abandonedOf: (target: JobTarget): readonly AbandonedUpload[] =>
      abandoned
        .filter((upload) => sameTarget(upload.target, target))
        .map(shown)
        .reverse()
        .slice(0, 10),
    bucketUsed: (bucket: string): void => void buckets.add(bucket),
    noteUnanswered(jobId: string): void {
      const open = openInitiate(jobId)
      if (open !== undefined) open.unanswered = true
    },
    /** Records what a change of a job means for its upload and its Initiate. `before` is the job before the change. */
    changed(before: Job, { job, leavesUpload, initiate }: Change): void {
      if (leavesUpload) keep(before)
      const open = openInitiate(job.id)
      if (initiate === 'begun' && open === undefined) {
        initiates.push({ ...job.target, jobId: job.id, beganAt: now(), endedAt: null, unanswered: false })
      }
      if (open === undefined || initiate === null || initiate === 'begun') return
      if (initiate === 'answered' && !open.unanswered) initiates = initiates.filter((one) => one !== open)
      else open.endedAt = now()
    },
    removed(job: Job): void {
      const { leavesUpload, initiateEndedAt } = removalOf(job)
      const open = openInitiate(job.id)
      if (open !== undefined) open.endedAt = initiateEndedAt
      if (leavesUpload) keep(job)
    },
    /** Makes all failed jobs give up what they have in OSS of an object. */
    abandonAll: (target: JobTarget): void => leftOf(target).forEach(abandon),
  }
}
