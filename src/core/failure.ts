/** This says what a failure means for the request that met it. The classifier next to the transport decides it once. */
export const failureKinds = [
  /** The network or OSS stumbled. The same request may succeed later. */
  'transient',
  /** OSS asked us to slow down. */
  'throttled',
  /** The credentials are expired or unknown. New ones may help. */
  'credentials',
  /** The way to OSS is set up wrongly (a certificate, a proxy). All requests fail until the operator mends it. */
  'setup',
  /** OSS says our clock is wrong. */
  'clock',
  /** The multipart upload is gone (aborted, expired or already completed). */
  'lost',
  /** The request may or may not have taken effect. OSS has to be asked, because a guess may be wrong. */
  'ambiguous',
  /**
   * OSS holds something else than we believed (a part, or an object of that name). A list or a HEAD comes first, then
   * the decision.
   */
  'conflict',
  /** The source is not the file it was. */
  'changed',
  /** The bytes that arrived are not the bytes that were read. */
  'integrity',
  /** Reading the source failed on this machine. */
  'local',
  /** The file system of the source does not answer. It may answer again, however long that takes. */
  'stalled',
  /** Trying again cannot help. */
  'permanent',
] as const
export type FailureKind = (typeof failureKinds)[number]

/** These codes say why a job failed, as the API reports it. */
export const jobErrorCodes = [
  'source_changed',
  'source_missing',
  'source_unreadable',
  'object_exists',
  'access_denied',
  'no_such_bucket',
  'bad_request',
  'integrity',
  'too_many_attempts',
  'deadline',
  'callback_failed',
] as const
export type JobErrorCode = (typeof jobErrorCodes)[number]

export interface JobError {
  readonly code: JobErrorCode
  readonly message: string
  readonly ossCode: string | null
  readonly requestId: string | null
}

export interface FailureDetails {
  /** This is the code that the error of the job has when this failure ends it. */
  readonly code?: JobErrorCode
  readonly ossCode?: string | null
  readonly requestId?: string | null
  readonly status?: number | null
  /**
   * The next try has to wait for at least so long, because the server asked for it or because an earlier try makes no
   * sense.
   */
  readonly retryAfterMs?: number | null
  /** It is true when nothing of the request can have reached OSS. */
  readonly unsent?: boolean
  /** The answer sends us to this host instead. */
  readonly elsewhere?: string | null
  /** For a source, this says why it was refused, in words that its caller may read. */
  readonly reason?: string | null
  readonly cause?: unknown
}

/**
 * This is the one error type that crosses the ports of target and source. Its message never holds a URL, a header or a
 * secret.
 */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: FailureKind
  readonly code: JobErrorCode | null
  readonly ossCode: string | null
  readonly requestId: string | null
  readonly status: number | null
  readonly retryAfterMs: number | null
  readonly unsent: boolean
  readonly elsewhere: string | null
  readonly reason: string | null

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.code = details.code ?? null
    this.ossCode = details.ossCode ?? null
    this.requestId = details.requestId ?? null
    this.status = details.status ?? null
    this.retryAfterMs = details.retryAfterMs ?? null
    this.unsent = details.unsent ?? false
    this.elsewhere = details.elsewhere ?? null
    this.reason = details.reason ?? null
  }
}

/** Returns the failure of a read, or of another question, to which the file system of the source gives no answer. */
export const sourceStalled = (): Failure =>
  new Failure('stalled', 'The source cannot be read: its file system does not answer', { code: 'source_unreadable' })
