import { combineCrc64 } from '../../core/crc64.js'
import { Failure } from '../../core/failure.js'
import { type Receipt, sizeOf } from '../../core/job.js'
import type { StoredPart } from '../../core/part.js'
import type { OpenSource } from '../../ports/source.js'
import type { StoredObject, UploadRef } from '../../ports/target.js'
import { CallbackFailed, isCallbackFailure, isOurs, objectExists, proveObject, type SentObject } from './prove.js'
import { objectOf, objectOptionsOf, type Run } from './run.js'
import { checkGoing } from './run-control.js'
import { assertUnchanged } from './source-guard.js'

/**
 * What became of the upload. `resend`: OSS disagrees about parts, and ListParts has to be asked again. `lost`: the
 * upload is gone, and no object of ours is there.
 */
export type Completion = { readonly kind: 'done'; readonly receipt: Receipt } | { readonly kind: 'resend' | 'lost' }

const partConflicts: readonly (string | null)[] = ['InvalidPart', 'InvalidPartOrder']

const headObject = (run: Run): Promise<StoredObject | null> =>
  run.retrier.request({ name: 'head', attempt: () => run.target.head(objectOf(run.job), run.control.hard) })

/** Returns the CRC-64 of the whole object from its parts, decimal; null while a part is missing. */
const combinedCrc64 = (parts: readonly StoredPart[]): string | null => {
  let crc = 0n
  for (const part of parts) {
    if (part.crc64 === null) return null
    crc = combineCrc64(crc, BigInt(part.crc64), part.size)
  }
  return crc.toString()
}

/** Returns what the committed parts say about the object; null while one is missing. */
const sentObject = (run: Run, parts: readonly StoredPart[]): SentObject | null => {
  const crc64 = combinedCrc64(parts)
  if (crc64 === null || parts.length === 0) return null
  return {
    size: sizeOf(run.job),
    crc64,
    partsProven: parts.every((part) => part.proven),
    marker: run.job.marker,
  }
}

/**
 * Asks for keys that may write but not read. An upload that OSS still lists was not completed. Only HEAD could tell
 * what became of one that is gone, so the job fails with what has to be allowed, and its intent lets a retry ask again.
 */
const assertNotCompleted = async (run: Run, denied: Failure): Promise<void> => {
  const uploadId = run.job.upload?.uploadId ?? null
  try {
    if (uploadId === null) throw denied
    const upload = { ...objectOf(run.job), uploadId }
    await run.retrier.request({
      name: 'list parts',
      attempt: () => run.target.listParts(upload, run.control.hard),
    })
  } catch (error) {
    if (!(error instanceof Failure) || (error.kind !== 'lost' && error.code !== 'access_denied')) throw error
    throw new Failure(
      'permanent',
      `Complete was sent without an answer, and OSS refuses to show whether the object is there (${denied.message}): allow oss:GetObject for it, then retry the job`,
      { ...details(denied), code: 'access_denied', cause: denied },
    )
  }
}

/** Asks after an unknown outcome. Returns the receipt when OSS holds our object, else null. */
const findOurObject = async (run: Run, sent: SentObject): Promise<Receipt | null> => {
  try {
    const found = await headObject(run)
    return found !== null && isOurs(found, sent) ? proveObject(found, sent, run.clock.now()) : null
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
    await assertNotCompleted(run, error)
    return null
  }
}

/**
 * Sends one Complete. Its own answer is the proof when it carries the CRC-64 of the whole object, else HEAD is asked.
 */
const tryComplete = async (
  run: Run,
  upload: UploadRef,
  parts: readonly StoredPart[],
  sent: SentObject,
): Promise<Receipt> => {
  run.assertLease()
  const etags = parts.map((part) => ({ partNumber: part.partNumber, etag: part.etag ?? '' }))
  const answer = await run.target.complete(upload, etags, objectOptionsOf(run.job), run.control.hard)
  const found =
    answer.serverCrc64 === null ? await headObject(run) : { ...answer, size: sent.size, marker: run.job.marker }
  if (found === null) throw new Failure('ambiguous', 'OSS answered Complete with success but shows no object')
  return proveObject(found, sent, run.clock.now())
}

/** Returns the receipt of an object that OSS says is there, or null when the keys may not look. */
const receiptIfShown = async (run: Run, sent: SentObject): Promise<Receipt | null> => {
  try {
    return await findOurObject(run, sent)
  } catch (error) {
    if (error instanceof Failure && error.code === 'access_denied') return null
    throw error
  }
}

/** Kinds that say that nothing was done, because OSS refused before it looked at the upload. */
const refusals: readonly string[] = ['permanent', 'credentials', 'clock', 'setup', 'throttled']

const afterFailure = async (run: Run, sent: SentObject, failure: Failure): Promise<Completion | 'again'> => {
  if (isCallbackFailure(failure)) throw new CallbackFailed(failure, await receiptIfShown(run, sent))
  if (refusals.includes(failure.kind)) throw failure
  // OSS looked at the parts of the upload, so it has not made the object: there is nothing to look for.
  if (failure.kind === 'conflict' && partConflicts.includes(failure.ossCode)) return { kind: 'resend' }
  const receipt = await findOurObject(run, sent)
  if (receipt !== null) return { kind: 'done', receipt }
  if (failure.kind === 'lost') return { kind: 'lost' }
  if (failure.kind === 'conflict') {
    throw objectExists('An object of this name exists and is not ours', failure)
  }
  return 'again'
}

/**
 * Does the last step: commits the intent, makes the object and proves it. Until the intent is committed the source is
 * checked and a stop is obeyed; after it OSS may have made the object whatever we do, so the outcome is asked for,
 * never guessed.
 */
export const completeUpload = async (run: Run, upload: UploadRef, source: OpenSource): Promise<Completion> => {
  const parts = await run.record.parts()
  const sent = sentObject(run, parts)
  if (sent === null) return { kind: 'resend' }
  const { options } = run.job
  if (options.crc64 !== null && options.crc64 !== sent.crc64) {
    throw new Failure('permanent', `The source has CRC-64 ${sent.crc64}, the job asked for ${options.crc64}`, {
      code: 'integrity',
    })
  }
  await assertUnchanged(source, run.job.source.fingerprint, sent.crc64, run.control.hard)
  checkGoing(run.control)
  await run.record.beginCompleting()

  return run.retrier.request<Completion>({
    name: 'complete',
    attempt: async () => {
      run.control.hard.throwIfAborted()
      run.control.shield()
      try {
        return { kind: 'done', receipt: await tryComplete(run, upload, parts, sent) }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        const meaning = await afterFailure(run, sent, error)
        if (meaning !== 'again') return meaning
        throw new Failure('transient', error.message, { ...details(error), cause: error })
      } finally {
        run.control.unshield()
      }
    },
  })
}

const details = (failure: Failure) => ({
  ossCode: failure.ossCode,
  requestId: failure.requestId,
  status: failure.status,
  retryAfterMs: failure.retryAfterMs,
})

/**
 * Returns the receipt when an earlier run's Complete won, else null. Throws when OSS cannot be asked, because guessing
 * is worse.
 */
export const reconcileComplete = async (run: Run): Promise<Receipt | null> => {
  const sent = sentObject(run, await run.record.parts())
  return sent === null ? null : findOurObject(run, sent)
}

/** Returns, by one look of the caller's, the receipt of the object that Complete made, or null. */
export const findCompleted = async (run: Run, look: () => Promise<StoredObject | null>): Promise<Receipt | null> => {
  const sent = sentObject(run, await run.record.parts())
  const found = sent === null ? null : await look()
  return sent !== null && found !== null && isOurs(found, sent) ? proveObject(found, sent, run.clock.now()) : null
}
