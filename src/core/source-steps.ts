import { isSameFile } from './fingerprint.js'
import { type Fingerprint, type Job, sizeOf, sourceWith } from './job.js'
import { dropped, noUpload, type PartsChange, type Step } from './job-steps.js'

/** Returns whether the id of a multipart upload was taken away. The parts of such an upload are history. */
const isAbandoned = ({ upload, intent }: Job): boolean =>
  upload?.mode === 'multipart' && upload.uploadId === null && intent !== 'initiate'

/**
 * Returns the job with the fingerprint of its source as it is now. An unchanged source keeps its upload, unless the
 * upload was abandoned. A changed source is planned anew: an upload that OSS knows gets the intent `abort`, so that the
 * run removes it first, and any other upload is forgotten.
 */
export const withFingerprint = (
  job: Job,
  fingerprint: Fingerprint,
): { readonly job: Job; readonly parts: PartsChange | null } => {
  const source = sourceWith(job, fingerprint)
  if (isSameFile(job.source.fingerprint, fingerprint)) {
    if (isAbandoned(job)) return { job: { ...job, ...noUpload, source }, parts: dropped }
    // What was sent belongs to the file as it was then, to its ctime too, so that a forged mtime is seen.
    const kept = job.upload === null ? source : sourceWith(job, job.source.fingerprint)
    return { job: { ...job, source: kept }, parts: null }
  }
  if (job.upload?.uploadId == null) return { job: { ...job, ...noUpload, source }, parts: dropped }
  return {
    job: { ...job, source, intent: 'abort', bytesUploaded: 0, partsUploaded: 0 },
    parts: { kind: 'reset' },
  }
}

/** Returns whether a listener can see a difference between the two. */
const isSeenChange = (before: Job, after: Job): boolean =>
  sizeOf(before) !== sizeOf(after) ||
  before.upload !== after.upload ||
  before.bytesUploaded !== after.bytesUploaded ||
  before.partsUploaded !== after.partsUploaded

/** Notes the fingerprint that was due, as the run of the job has taken it. */
export const noteFingerprint = (job: Job, fingerprint: Fingerprint): Step => {
  const noted = withFingerprint(job, fingerprint)
  return { ...noted, event: isSeenChange(job, noted.job) ? 'job.updated' : null }
}
