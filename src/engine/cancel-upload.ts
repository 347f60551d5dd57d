import { Failure } from '../core/failure.js'
import type { Receipt } from '../core/job.js'
import type { UploadRef } from '../ports/target.js'
import { reconcileComplete } from './complete-upload.js'
import { objectOf, type Run } from './run.js'

/** Rounds of Abort and ListParts: parts that were in flight can survive the first Abort (oss-facts, section 2). */
const maxRounds = 5

const isGone = async (run: Run, upload: UploadRef): Promise<boolean> => {
  try {
    await run.retrier.request({ name: 'list parts', attempt: () => run.target.listParts(upload, run.control.hard) })
    return false
  } catch (error) {
    if (error instanceof Failure && (error.kind === 'lost' || error.code === 'no_such_bucket')) return true
    throw error
  }
}

/** Removes this job's upload from OSS and sees that it is gone. Nothing of it may be in flight any more. */
export const abortUpload = async (run: Run): Promise<void> => {
  const uploadId = run.job.upload?.uploadId ?? null
  if (uploadId === null) return
  const upload = { ...objectOf(run.job), uploadId }
  for (let round = 1; round <= maxRounds; round++) {
    run.assertLease()
    try {
      await run.retrier.request({ name: 'abort', attempt: () => run.target.abort(upload, run.control.hard) })
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'no_such_bucket') throw error
    }
    if (await isGone(run, upload)) {
      run.logger.info({ uploadId, round }, 'The upload is aborted and gone')
      return
    }
  }
  throw new Failure('transient', `OSS still lists the upload after ${maxRounds} aborts`)
}

/** A cancelled job: the receipt when Complete had already won, else null once nothing of the upload is left in OSS. */
export const cancelUpload = async (run: Run): Promise<Receipt | null> => {
  if (run.job.intent === 'complete') {
    const receipt = await reconcileComplete(run)
    if (receipt !== null) return receipt
  }
  await abortUpload(run)
  return null
}
