import { Failure } from '../../core/failure.js'
import type { Fingerprint, Receipt } from '../../core/job.js'
import type { AbandonedUpload } from '../../ports/orphan-store.js'
import type { SourceOpener } from '../../ports/source.js'
import { reconcileComplete } from './complete-upload.js'
import { findMadeObject, mayBeMade } from './existing-object.js'
import { removeUpload } from './remove-upload.js'
import { objectOf, type Run } from './run.js'
import { checkGoing } from './run-control.js'

/** Removes this job's upload from OSS and sees that it is gone. Nothing of it may be in flight any more. */
export const abortUpload = async (run: Run): Promise<void> => {
  const uploadId = run.job.upload?.uploadId ?? null
  if (uploadId === null) return
  const { retrier, target, control } = run
  const { rounds } = await removeUpload(
    { ...objectOf(run.job), uploadId },
    {
      async abort(upload) {
        run.assertLease()
        return retrier.request({ name: 'abort', attempt: () => target.abort(upload, control.hard) })
      },
      listParts: (upload) =>
        retrier.request({ name: 'list parts', attempt: () => target.listParts(upload, control.hard) }),
    },
  )
  run.logger.info({ uploadId, rounds }, 'The upload is aborted and gone')
}

/** What was uploaded is worthless: it is removed, and all of it is to be sent again. With a fingerprint the job goes on with that file. */
export const discardUpload = async (run: Run, now: Fingerprint | null): Promise<void> => {
  const { upload, intent } = run.job
  if (upload?.uploadId != null && intent !== 'abort') await run.record.intend('abort')
  await abortUpload(run)
  await run.record.forgetUpload(now)
}

/** For a job that goes on with another upload: what OSS refuses to remove stands in its way no more, and is the janitor's. */
export const replaceUpload = async (run: Run, now: Fingerprint | null): Promise<void> => {
  try {
    await discardUpload(run, now)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'permanent') throw error
    const { ossCode, requestId, message: reason } = error
    const uploadId = run.job.upload?.uploadId
    run.logger.warn({ uploadId, ossCode, requestId, reason }, 'OSS refuses to remove the upload: another is begun')
    await run.record.abandonUpload(now)
  }
}

/**
 * The clean-up of a job that fails for another reason. What OSS says against it must not hide that reason: the intent is
 * committed, so a retry or the janitor removes the upload.
 */
export const discardBeforeFailing = async (run: Run): Promise<void> => {
  try {
    await discardUpload(run, null)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { ossCode, requestId, message: reason } = error
    run.logger.warn({ ossCode, requestId, reason }, 'OSS refuses to remove the upload of a job that fails')
  }
}

/**
 * Removes what older jobs left of this object. It stands in nobody's way, so what OSS refuses, or does not answer, is left to
 * the janitor.
 */
export const removeLeftovers = async (run: Run, left: readonly AbandonedUpload[]): Promise<void> => {
  const { target, control, logger } = run
  for (const { jobId: olderJobId, uploadId } of left) {
    checkGoing(control)
    run.assertLease()
    try {
      await removeUpload(
        { ...objectOf(run.job), uploadId },
        {
          abort: (upload) => target.abort(upload, control.hard),
          listParts: (upload) => target.listParts(upload, control.hard),
        },
      )
    } catch (error) {
      control.hard.throwIfAborted()
      if (!(error instanceof Failure)) throw error
      const { kind, ossCode, requestId, message: reason } = error
      logger.warn({ olderJobId, uploadId, kind, ossCode, requestId, reason }, 'What an older job left is still in OSS')
      if (kind === 'permanent') continue
      return
    }
    await run.record.forgetAbandoned(uploadId)
    logger.info({ olderJobId, uploadId }, 'What an older job left of this object is removed')
  }
}

/** What a put without an answer made. Keys that may not look cannot tell, and then the cancel stands. */
const findPut = async (run: Run, sources: SourceOpener): Promise<Receipt | null> => {
  const { hard } = run.control
  const look = () => run.retrier.request({ name: 'head', attempt: () => run.target.head(objectOf(run.job), hard) })
  try {
    return await findMadeObject(run, sources, look, hard)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
    run.logger.warn({ reason: error.message }, 'Whether the cancelled put made its object cannot be told')
    return null
  }
}

/** A cancelled job: the receipt when its object was made already, else null once nothing of the upload is left in OSS. */
export const cancelUpload = async (run: Run, sources: SourceOpener): Promise<Receipt | null> => {
  if (mayBeMade(run)) {
    const receipt = run.job.upload?.mode === 'put' ? await findPut(run, sources) : await reconcileComplete(run)
    if (receipt !== null) return receipt
  }
  await abortUpload(run)
  return null
}
