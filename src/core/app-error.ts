/**
 * These are the codes of problem+json answers. http/server/problem.ts gives each of them its HTTP status, and nothing
 * else does.
 */
export const appErrorCodes = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'target_not_allowed',
  'job_not_found',
  'batch_not_found',
  'webhook_not_found',
  'verb_not_found',
  'not_found',
  'method_not_allowed',
  'invalid_state',
  'target_busy',
  'precondition_failed',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'misdirected',
  'source_unavailable',
  'idempotency_mismatch',
  'rate_limited',
  'head_too_large',
  'queue_full',
  'internal',
  'oss_refused',
  'oss_unavailable',
  'draining',
  'storage_full',
  'storage_unavailable',
] as const
export type AppErrorCode = (typeof appErrorCodes)[number]

/** This names one offending field: `path` is dotted (`target.key`), and `message` says what to do. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export interface AppErrorDetails {
  readonly errors?: readonly FieldError[]
  /** The id of the job that stands in the way (`target_busy`). */
  readonly jobId?: string
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
  /**
   * True when what stands in the way is over in moments, for example `storage_unavailable` while another process holds
   * the lock.
   */
  readonly momentary?: boolean
}

/** An error that a caller can act on. Anything else that is thrown is a bug and becomes a 500 without detail. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: AppErrorCode
  readonly details: AppErrorDetails

  constructor(code: AppErrorCode, message: string, details: AppErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
  }
}
