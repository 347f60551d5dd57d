import { Failure } from '../../core/failure.js'
import { type Receipt, sizeOf } from '../../core/job.js'
import { partsOf, planParts } from '../../core/plan.js'
import type { OpenSource } from '../../ports/source.js'
import type { UploadRef } from '../../ports/target.js'
import { reconcileParts } from './adopt-parts.js'
import { completeUpload } from './complete-upload.js'
import { ourEarlierObject } from './put-object.js'
import { discardUpload, removeLeftovers, replaceUpload } from './remove-upload.js'
import { objectOf, objectOptionsOf, type Run } from './run.js'
import { RunReleases } from './run-control.js'
import { sendParts } from './send-parts.js'

/** How often an upload may be lost, or a source change be answered by `restart`, before the job fails. */
export const maxRestarts = 3

/**
 * Notes an Initiate without an answer: an upload that it made can be found by its key and time, but never be proven
 * ours.
 */
const suspectInitiate = async (run: Run): Promise<void> => {
  await run.record.suspectInitiate()
  run.logger.warn(
    objectOf(run.job),
    'An Initiate got no answer: OSS may hold an open upload of this key that nobody can prove to be ours',
  )
}

/**
 * Commits the plan and the intent, as late as can be, because what was never sent leaves nothing to be suspected of.
 */
const intendInitiate = async (run: Run): Promise<void> => {
  if (run.job.upload === null) {
    const plan = planParts(sizeOf(run.job), run.job.options.partSize)
    const upload = { mode: 'multipart', uploadId: null, partSize: plan.partSize, partCount: plan.partCount } as const
    await run.record.planUpload(upload, partsOf(plan))
  } else if (run.job.intent !== 'initiate') {
    await run.record.intend('initiate')
  }
}

/**
 * Before a new upload is begun: returns the id of one that an older job left and that this job would begin just so, or
 * null. What else older jobs left of the object is removed.
 */
const inheritUpload = async (run: Run): Promise<string | null> => {
  await removeLeftovers(run, await run.record.takeLeftovers())
  const { upload, bytesUploaded } = run.job
  const uploadId = upload?.uploadId ?? null
  if (uploadId !== null) {
    run.logger.info({ uploadId, bytesUploaded }, 'The job goes on with the upload of an older one')
  }
  return uploadId
}

/** Returns the upload of this job in OSS, and initiates one when there is none: its intent is committed before that. */
const openUpload = async (run: Run): Promise<{ readonly upload: UploadRef; readonly fresh: boolean }> => {
  const own = run.job.upload?.uploadId ?? null
  if (own === null && run.job.intent === 'initiate') await suspectInitiate(run)
  const known = own ?? (await inheritUpload(run))
  if (known !== null) return { upload: { ...objectOf(run.job), uploadId: known }, fresh: false }
  const { uploadId } = await run.retrier.request({
    name: 'initiate',
    attempt: async () => {
      await intendInitiate(run)
      run.assertLease()
      try {
        return await run.target.initiate(objectOf(run.job), objectOptionsOf(run.job), run.control.hard)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (error.kind === 'transient' && !error.unsent) await suspectInitiate(run)
        else await run.record.dropIntent()
        throw error
      }
    },
  })
  await run.record.nameUpload(uploadId)
  return { upload: { ...objectOf(run.job), uploadId }, fresh: true }
}

/** Forgets an upload that vanished in OSS: every part is sent again, in a new upload, at most three times. */
const startOver = async (run: Run, failure: Failure): Promise<void> => {
  if (run.job.restarts >= maxRestarts) {
    throw new Failure('permanent', `OSS lost the upload ${maxRestarts + 1} times: ${failure.message}`, {
      code: 'too_many_attempts',
      ossCode: failure.ossCode,
      requestId: failure.requestId,
    })
  }
  run.logger.warn({ reason: failure.message, requestId: failure.requestId }, 'OSS lost the upload: it starts anew')
  await run.record.forgetUpload(null)
}

/**
 * Releases a job that OSS refused to complete: `completing` has one way back, through the queue, so the next run asks
 * ListParts (or begins anew) with everything that it needs in the store.
 */
const throughTheQueue = async (run: Run, kind: 'resend' | 'lost'): Promise<never> => {
  const reason = kind === 'lost' ? 'The upload was gone at Complete' : 'OSS and the daemon disagree about the parts'
  const count = (run.disagreements.get(kind) ?? 0) + 1
  run.disagreements.set(kind, count)
  if (count > maxRestarts) {
    throw new Failure('permanent', `${reason}, ${count} times`, {
      code: kind === 'lost' ? 'too_many_attempts' : 'integrity',
    })
  }
  if (kind === 'lost') await startOver(run, new Failure('lost', reason))
  else await run.record.dropIntent()
  throw new RunReleases(null, null, reason)
}

/**
 * Replaces a sequential upload that holds other bytes under a number than the source has. Such an upload takes no part
 * twice, so it is removed, and every part is sent again, at most three times.
 */
const replaceSpoilt = async (run: Run, failure: Failure): Promise<void> => {
  if (run.job.restarts >= maxRestarts) {
    throw new Failure('permanent', `OSS holds other bytes than were sent, in ${maxRestarts + 1} uploads`, {
      code: 'integrity',
      ossCode: failure.ossCode,
      requestId: failure.requestId,
    })
  }
  run.logger.warn(
    { reason: failure.message, requestId: failure.requestId },
    'A part that cannot be sent again holds other bytes than the source: the upload starts anew',
  )
  await replaceUpload(run, null)
}

/** Makes all parts pending again, in the upload that OSS knows: the same numbers replace what it holds. */
const sendAllAgain = async (run: Run, { uploadId }: UploadRef): Promise<void> => {
  await run.record.forgetUpload(null)
  await intendInitiate(run)
  await run.record.nameUpload(uploadId)
}

/**
 * Replaces an upload about whose parts OSS disagrees without letting these keys list them, so that nothing tells which
 * are there. It is removed and every part is sent again, at most three times. Where the keys may not remove it either,
 * it is used again, because a second one would only stand beside it.
 */
const replaceUnlisted = async (run: Run, upload: UploadRef): Promise<void> => {
  if (run.job.restarts >= maxRestarts) {
    const reason = `OSS and the daemon disagree about the parts, in ${maxRestarts + 1} uploads`
    throw new Failure('permanent', `${reason}, and OSS refuses to list them (needs oss:ListParts)`, {
      code: 'integrity',
    })
  }
  run.disagreements.delete('resend')
  const { uploadId } = upload
  try {
    await discardUpload(run, null)
    run.logger.warn({ uploadId }, 'OSS disagrees about parts that it does not list: the upload starts anew')
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
    const fields = { uploadId, requestId: error.requestId }
    // A sequential upload takes no part twice.
    if (run.job.options.sequential) {
      run.logger.warn(fields, 'OSS refuses to remove the upload (needs oss:AbortMultipartUpload): another is begun')
      await run.record.abandonUpload(null)
    } else {
      run.logger.warn(fields, 'OSS neither lists the parts nor removes the upload: every part is sent again')
      await sendAllAgain(run, upload)
    }
  }
}

/**
 * Sends a file in parts, from wherever an earlier run left it. Returns the receipt once OSS holds exactly these bytes.
 */
export const sendMultipart = async (run: Run, source: OpenSource): Promise<Receipt> => {
  for (let conflicts = 0; ; ) {
    try {
      const { upload, fresh } = await openUpload(run)
      const missing = fresh ? await run.record.parts() : await reconcileParts(run, upload, source)
      if (missing === null) {
        await replaceUnlisted(run, upload)
        continue
      }
      await sendParts(run, upload, missing, source)
      const completion = await completeUpload(run, upload, source)
      return completion.kind === 'done' ? completion.receipt : await throughTheQueue(run, completion.kind)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // Only an Initiate with forbid-overwrite is refused here (Complete decides by itself): asking again meets the
      // same object.
      if (error.ossCode === 'FileAlreadyExists') return ourEarlierObject(run, source, error)
      if (error.kind === 'lost') await startOver(run, error)
      else if (error.kind !== 'conflict' || ++conflicts > maxRestarts) throw error
      else if (error.ossCode === 'PartAlreadyExist' && conflicts > 1) {
        // What OSS lists was looked at since the first refusal, and was not ours.
        await replaceSpoilt(run, error)
        conflicts = 0
      }
    }
  }
}
