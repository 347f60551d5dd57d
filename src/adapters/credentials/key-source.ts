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

/** Whether a text can be a key id, a secret or a token: they travel in headers, so anything else only fails later. */
export const isKeyText = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

export const noKeys = (message: string): Failure => new Failure('credentials', message, { code: 'access_denied' })
