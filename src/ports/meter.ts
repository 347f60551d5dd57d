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

/** Takes note of what happens, for those who watch. Never throws and never waits. */
export interface Meter {
  /** A call to OSS is over, after `seconds`. `error` is null when OSS did what was asked, else OSS's code or our kind of failure. */
  requested(operation: OssOperation, seconds: number, error: string | null): void
  /** A run settled this job. */
  settled(job: Pick<Job, 'state' | 'outcome' | 'error'>): void
}
