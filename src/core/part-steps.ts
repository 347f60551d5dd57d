import type { Job } from './job.js'
import type { Step } from './job-steps.js'
import type { StoredPart, UploadedPart } from './part.js'

/** What becomes of one row of the plan when OSS has taken its part. */
export interface PartStep {
  readonly part: StoredPart
  /** The part was pending before: it is counted, and listeners are told. */
  readonly isFresh: boolean
}

/**
 * A part that OSS has taken, against its row of the plan. One that is uploaded already keeps its row, but takes the ETag and
 * the CRC-64 when OSS has another ETag for it; null when it has not.
 */
export const commitPart = (planned: StoredPart, part: UploadedPart, at: number): PartStep | null => {
  const { etag, crc64, proven, attempts } = part
  if (planned.state === 'pending') {
    return { part: { ...planned, state: 'uploaded', etag, crc64, proven, attempts, uploadedAt: at }, isFresh: true }
  }
  return planned.etag === etag ? null : { part: { ...planned, etag, crc64, proven }, isFresh: false }
}

/** The job after parts of it were committed. A run that commits something is none that its process dies of. */
export const countParts = (job: Job, fresh: readonly Pick<StoredPart, 'size'>[]): Step => ({
  job: {
    ...job,
    bytesUploaded: fresh.reduce((sum, { size }) => sum + size, job.bytesUploaded),
    partsUploaded: job.partsUploaded + fresh.length,
    crashes: 0,
  },
  event: null,
})
