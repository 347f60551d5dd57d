import { Failure } from '../../core/failure.js'
import type { Fingerprint } from '../../core/job.js'
import type { AbandonedUpload } from '../../ports/orphan-store.js'
import type { UploadRef } from '../../ports/target.js'
import { objectOf, type Run } from './run.js'
import { checkGoing } from './run-control.js'

/**
 * At most so many rounds of Abort and ListParts, because parts in flight can survive the first Abort (oss-facts,
 * section 2).
 */
const maxRounds = 5

/** The two requests, made as the caller makes its requests. */
export interface RemovalRequests {
  abort(upload: UploadRef): Promise<'aborted' | 'gone'>
  listParts(upload: UploadRef): Promise<unknown>
}

export interface Removal {
  /** How often OSS was told to abort. */
  readonly rounds: number
  /** False when OSS did not know the upload any more. */
  readonly wasThere: boolean
}

const isMissingBucket = (failure: Failure): boolean => failure.code === 'no_such_bucket'

/** Aborts once. A Failure that says that the bucket is gone means that the upload is gone too. */
const abortOnce = async (upload: UploadRef, requests: RemovalRequests): Promise<'aborted' | 'gone'> => {
  try {
    return await requests.abort(upload)
  } catch (error) {
    if (error instanceof Failure && isMissingBucket(error)) return 'gone'
    throw error
  }
}

/** Returns null when the upload is gone, else what OSS said: a Failure when the keys may not ask. */
const whatIsLeft = async (upload: UploadRef, requests: RemovalRequests): Promise<Failure | 'listed' | null> => {
  try {
    await requests.listParts(upload)
    return 'listed'
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'lost' || isMissingBucket(error)) return null
    // The next Abort tells as well as a list whether there is anything left.
    if (error.code === 'access_denied') return error
    throw error
  }
}

/**
 * Removes an upload from OSS and sees that it is gone, by an Abort or a ListParts that OSS answers with NoSuchUpload.
 * Nothing of it may be in flight any more. Throws what its requests throw, and Failure `transient` when OSS still has
 * it after the last round.
 */
export const removeUpload = async (upload: UploadRef, requests: RemovalRequests): Promise<Removal> => {
  let left: Failure | 'listed' | null = null
  for (let rounds = 1; rounds <= maxRounds; rounds++) {
    if ((await abortOnce(upload, requests)) === 'gone') return { rounds, wasThere: rounds > 1 }
    left = await whatIsLeft(upload, requests)
    if (left === null) return { rounds, wasThere: true }
  }
  if (left instanceof Failure) throw left
  throw new Failure('transient', `OSS still lists the upload after ${maxRounds} aborts`)
}

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

/**
 * Removes what was uploaded because it is worthless: all of it is to be sent again. With a fingerprint the job goes on
 * with that file.
 */
export const discardUpload = async (run: Run, now: Fingerprint | null): Promise<void> => {
  const { upload, intent } = run.job
  if (upload?.uploadId != null && intent !== 'abort') await run.record.intend('abort')
  await abortUpload(run)
  await run.record.forgetUpload(now)
}

/** Removes the upload of a job that goes on with another one. What OSS refuses to remove is left to the janitor. */
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
 * Cleans up for a job that fails for another reason. What OSS says against that must not hide the reason: the intent is
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
 * Removes what older jobs left of this object. It does not stand in the way, so what OSS refuses, or does not answer,
 * is left to the janitor.
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
