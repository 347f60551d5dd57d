import type { Job } from '../core/job.js'

/** A request to OSS, by OSS's own name for it. */
export const ossOperations = [
  'InitiateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
  'ListMultipartUploads',
  'PutObject',
  'HeadObject',
] as const
export type OssOperation = (typeof ossOperations)[number]

/** Counts what happens, for those who watch. It never throws and never waits. */
export interface Meter {
  /**
   * Says that a call to OSS is over, after `seconds`. `error` is null when OSS did what was asked; else it is OSS's
   * code or our kind of failure.
   */
  requested(operation: OssOperation, seconds: number, error: string | null): void
  /** Says that a run settled this job. */
  settled(job: Pick<Job, 'state' | 'outcome' | 'error'>): void
}
