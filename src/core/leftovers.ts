import { isSameFile } from './fingerprint.js'
import { type Fingerprint, type Job, pathOf, sizeOf } from './job.js'
import { abandonUpload, type Step, sameRecord } from './job-steps.js'
import { modeFor, planParts } from './plan.js'

/** After these errors the parts in OSS may not be those of the file. */
const doubtful: readonly (string | undefined)[] = ['integrity', 'source_changed']

/** Returns whether the bytes are the very same. A ctime that moved may hide other bytes behind a forged mtime. */
const areSameBytes = (a: Fingerprint, b: Fingerprint): boolean => isSameFile(a, b) && a.ctimeNs === b.ctimeNs

/** Returns whether what a failed job has in OSS is the very upload that this job would begin, of the very same file. */
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

/** Returns the step with which a job goes on with the upload of a failed one; null when it is not the upload that the job would begin. */
const inheritUpload = (job: Job, failed: Job): Step | null => {
  if (job.upload?.uploadId != null || failed.state !== 'failed') return null
  if (failed.upload?.uploadId == null || failed.intent !== null || doubtful.includes(failed.error?.code)) return null
  if (!wouldBegin(job, failed)) return null
  const { marker, upload, bytesUploaded, partsUploaded } = failed
  const heir: Job = { ...job, marker, upload, intent: null, bytesUploaded, partsUploaded }
  return { job: heir, event: 'job.updated', parts: { kind: 'inherited', jobId: failed.id } }
}

/**
 * Returns what becomes of an older failed job's upload when a job of the same object is about to begin one; null when
 * the failed job has no upload. The job goes on with the upload (`heir`) when it is what the job would begin, with
 * copies of its parts and with the marker that the upload carries. Otherwise the failed job gives the upload up to be
 * removed. The step `failed` must be taken first.
 */
export const takeLeftover = (job: Job, failed: Job): { readonly failed: Step; readonly heir: Step | null } | null => {
  const heir = inheritUpload(job, failed)
  const given = abandonUpload(failed, heir !== null)
  return given === null ? null : { failed: given, heir }
}
