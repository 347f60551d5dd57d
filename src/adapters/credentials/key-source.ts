import { Failure } from '../../core/failure.js'

export interface FetchedKeys {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** Null for long-term keys. */
  readonly securityToken: string | null
  /** Other keys may be had when OSS refuses these. */
  readonly temporary: boolean
  /** When their issuer says that they expire, in milliseconds since the epoch; null when it does not say. */
  readonly expiresAt: number | null
}

/** Somewhere keys can be fetched from, again and again. */
export interface KeySource {
  /** Where, in words for the log. */
  readonly name: string
  /** How often to look for other keys while these name no expiry; null for never. */
  readonly recheckMs: number | null
  /** Throws Failure `credentials` when none can be had. Its message is logged, so it must hold nothing of an answer or a file. */
  fetchKeys(): Promise<FetchedKeys>
}

export const noKeys = (message: string): Failure => new Failure('credentials', message, { code: 'access_denied' })
