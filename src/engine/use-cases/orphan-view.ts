import { isSettled, type JobState } from '../../core/job.js'
import type { InitiateWindow, UploadTrace } from '../../ports/orphan-store.js'
import type { OpenUpload } from '../../ports/target.js'

/**
 * Tells whose an open upload is. `ours`: a job of this store has its id, or gave it up. `possible`: one of our Initiates for
 * that very key got no answer around the time when the upload was begun; lists of OSS show no metadata, so more cannot be
 * known. `unknown`: all other uploads.
 */
export const uploadOwners = ['ours', 'possible', 'unknown'] as const
export type UploadOwner = (typeof uploadOwners)[number]

/** An open multipart upload as the API shows it. */
export interface OrphanView {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  readonly owner: UploadOwner
  /** The job that the upload belongs to, or may have come from. */
  readonly jobId: string | null
  /** The state of the job that has this upload; null when no job has it. */
  readonly jobState: JobState | null
  /** ISO 8601 UTC, by OSS's clock. */
  readonly initiatedAt: string
  readonly ageSeconds: number
  /** The bytes of the parts that OSS holds; null when they were not counted. */
  readonly bytes: number | null
}

/** OSS's clock and ours may differ by this much before OSS refuses our requests (oss-facts, section 2). */
const clockSlackMs = 15 * 60_000

const covers = ({ beganAt, endedAt }: InitiateWindow, at: number): boolean =>
  at >= beganAt - clockSlackMs && (endedAt === null || at <= endedAt + clockSlackMs)

type Ownership = Pick<OrphanView, 'owner' | 'jobId' | 'jobState'>

const ownershipOf = (trace: UploadTrace, initiatedAt: number): Ownership => {
  switch (trace.kind) {
    case 'job':
      return { owner: 'ours', jobId: trace.jobId, jobState: trace.state }
    case 'abandoned':
      return { owner: 'ours', jobId: trace.jobId, jobState: null }
    case 'unknown': {
      const suspect = trace.initiates.findLast((initiate) => covers(initiate, initiatedAt))
      return { owner: suspect === undefined ? 'unknown' : 'possible', jobId: suspect?.jobId ?? null, jobState: null }
    }
  }
}

export const viewOrphan = (upload: OpenUpload, trace: UploadTrace, bytes: number | null, now: number): OrphanView => ({
  bucket: upload.bucket,
  key: upload.key,
  uploadId: upload.uploadId,
  ...ownershipOf(trace, upload.initiatedAt),
  initiatedAt: new Date(upload.initiatedAt).toISOString(),
  ageSeconds: Math.max(0, Math.floor((now - upload.initiatedAt) / 1000)),
  bytes,
})

/**
 * Returns why an upload must not be removed, as a sentence, or null when it may be. The upload of an unsettled job is never
 * removed, because the job goes on with it.
 */
export const refusalOf = (trace: UploadTrace, force: boolean): string | null => {
  switch (trace.kind) {
    case 'job':
      return isSettled(trace.state) ? null : `Job ${trace.jobId} is ${trace.state} and needs it: cancel the job instead`
    case 'abandoned':
      return null
    case 'unknown': {
      const open = trace.initiates.find(({ endedAt }) => endedAt === null)
      if (open !== undefined) return `Job ${open.jobId} is beginning an upload of this key: wait, or cancel the job`
      return force ? null : 'No job of this daemon has this upload: another program may be using it; force removes it'
    }
  }
}
