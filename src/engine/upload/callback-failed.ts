import type { Failure } from '../../core/failure.js'
import type { Receipt } from '../../core/job.js'

/** OSS made the object and did not get the answer it wanted from the callback. */
export class CallbackFailed extends Error {
  override readonly name = 'CallbackFailed'
  readonly failure: Failure
  /** Proof of the object; null when OSS refuses to show it. */
  readonly receipt: Receipt | null

  constructor(failure: Failure, receipt: Receipt | null) {
    super(failure.message, { cause: failure })
    this.failure = failure
    this.receipt = receipt
  }
}

export const isCallbackFailure = (failure: Failure): boolean => failure.code === 'callback_failed'
