import { Failure } from '../../core/failure.js'
import type { UploadRef } from '../../ports/target.js'

/** Rounds of Abort and ListParts: parts that were in flight can survive the first Abort (oss-facts, section 2). */
const maxRounds = 5

/** The two requests, made as the caller makes its requests. */
export interface RemovalRequests {
  abort(upload: UploadRef): Promise<void>
  listParts(upload: UploadRef): Promise<unknown>
}

const isGone = async (upload: UploadRef, requests: RemovalRequests): Promise<boolean> => {
  try {
    await requests.listParts(upload)
    return false
  } catch (error) {
    if (error instanceof Failure && (error.kind === 'lost' || error.code === 'no_such_bucket')) return true
    throw error
  }
}

/**
 * Removes an upload from OSS and sees that it is gone; how many rounds that took. Nothing of it may be in flight any more.
 * Throws what its requests throw, and Failure `transient` when OSS still lists it after the last round.
 */
export const removeUpload = async (upload: UploadRef, requests: RemovalRequests): Promise<number> => {
  for (let round = 1; round <= maxRounds; round++) {
    try {
      await requests.abort(upload)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'no_such_bucket') throw error
    }
    if (await isGone(upload, requests)) return round
  }
  throw new Failure('transient', `OSS still lists the upload after ${maxRounds} aborts`)
}
