import type { Job } from './job.js'
import type { Step } from './job-steps.js'
import type { StoredPart, UploadedPart } from './part.js'

/** This says what becomes of one row of the plan when OSS has taken its part. */
export interface PartStep {
  readonly part: StoredPart
  /** It is true when the part was pending before. Then the part is counted, and listeners are told. */
  readonly isFresh: boolean
}

/**
 * Returns what becomes of the row of a part that OSS has taken, or null when nothing changes. A part that is uploaded
 * already keeps its row, but takes the ETag and the CRC-64 when OSS has another ETag for it.
 */
export const commitPart = (planned: StoredPart, part: UploadedPart, at: number): PartStep | null => {
  const { etag, crc64, proven, attempts } = part
  if (planned.state === 'pending') {
    return { part: { ...planned, state: 'uploaded', etag, crc64, proven, attempts, uploadedAt: at }, isFresh: true }
  }
  return planned.etag === etag ? null : { part: { ...planned, etag, crc64, proven }, isFresh: false }
}

/**
 * Returns the job after parts of it were committed. A run that commits something is not one that its process dies of,
 * so the crashes are counted anew.
 */
export const countParts = (job: Job, fresh: readonly Pick<StoredPart, 'size'>[]): Step => ({
  job: {
    ...job,
    bytesUploaded: fresh.reduce((sum, { size }) => sum + size, job.bytesUploaded),
    partsUploaded: job.partsUploaded + fresh.length,
    crashes: 0,
  },
  event: null,
})
