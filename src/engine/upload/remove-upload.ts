import { Failure } from '../../core/failure.js'
import type { UploadRef } from '../../ports/target.js'

/** Rounds of Abort and ListParts: parts that were in flight can survive the first Abort (oss-facts, section 2). */
const maxRounds = 5

/** The two requests, made as the caller makes its requests. */
export interface RemovalRequests {
  abort(upload: UploadRef): Promise<'aborted' | 'gone'>
  listParts(upload: UploadRef): Promise<unknown>
}

export interface Removal {
  /** How often OSS was told to abort. */
  readonly rounds: number
  /** False: OSS did not know the upload any more. */
  readonly wasThere: boolean
}

const isMissingBucket = (failure: Failure): boolean => failure.code === 'no_such_bucket'

/** The Failure of an Abort that says the bucket is gone counts as its answer. */
const abortOnce = async (upload: UploadRef, requests: RemovalRequests): Promise<'aborted' | 'gone'> => {
  try {
    return await requests.abort(upload)
  } catch (error) {
    if (error instanceof Failure && isMissingBucket(error)) return 'gone'
    throw error
  }
}

/** Null: it is gone. Else what OSS said: a Failure when the keys may not ask. */
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
 * Nothing of it may be in flight any more. Throws what its requests throw, and Failure `transient` when OSS still has it
 * after the last round.
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
