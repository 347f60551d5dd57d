import { type Fingerprint, type Job, pathOf, sizeOf } from './job.js'
import { type Step, sameRecord } from './job-steps.js'
import { modeFor, planParts } from './plan.js'

/** Errors after which the parts in OSS may not be those of the file. */
const doubtful: readonly (string | undefined)[] = ['integrity', 'source_changed']

/** The very bytes: a ctime that moved may hide others behind a forged mtime, and only `dev` changes by a remount. */
const areSameBytes = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

/** Whether what a failed job has in OSS is the very upload that this job would begin, of the very file. */
const wouldBegin = (job: Job, failed: Job): boolean => {
  const size = sizeOf(job)
  const plan = planParts(size, job.options.partSize)
  const [mine, theirs] = [job.options, failed.options]
  return (
    pathOf(job) === pathOf(failed) &&
    areSameBytes(job.source.fingerprint, failed.source.fingerprint) &&
    modeFor(size, mine.multipartThreshold) === 'multipart' &&
    plan.partSize === failed.upload?.partSize &&
    plan.partCount === failed.upload.partCount &&
    mine.sequential === theirs.sequential &&
    // Initiate carried all of these.
    (mine.ifExists === 'fail') === (theirs.ifExists === 'fail') &&
    sameRecord(mine.headers, theirs.headers)
  )
}

/**
 * A job goes on with the upload of an older one that failed: with its parts, and its mark, which the upload carries. Null when
 * that is not what it would begin. Whoever takes the step gives it copies of the part rows, and takes the upload from the
 * older job (`abandonUpload`).
 */
export const inheritUpload = (job: Job, failed: Job): Step | null => {
  if (job.upload?.uploadId != null || failed.state !== 'failed') return null
  if (failed.upload?.uploadId == null || failed.intent !== null || doubtful.includes(failed.error?.code)) return null
  if (!wouldBegin(job, failed)) return null
  const { marker, upload, bytesUploaded, partsUploaded } = failed
  return { job: { ...job, marker, upload, intent: null, bytesUploaded, partsUploaded }, event: 'job.updated' }
}
