import { Failure } from '../../core/failure.js'

export interface FetchedKeys {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** The token is null for long-term keys. */
  readonly securityToken: string | null
  /** True means that other keys may be available when OSS refuses these. */
  readonly temporary: boolean
  /**
   * This is when the keys expire according to their issuer, in milliseconds since the epoch. It is null when the issuer
   * does not say.
   */
  readonly expiresAt: number | null
}

/** A key source can be asked for keys again and again. */
export interface KeySource {
  /** The name says where the keys come from, in words for the log. */
  readonly name: string
  /** This is how often to look for other keys while these name no expiry. Null means never. */
  readonly recheckMs: number | null
  /**
   * Throws Failure `credentials` when there are no keys. Its message is logged, so it must hold nothing of an answer or
   * a file.
   */
  fetchKeys(): Promise<FetchedKeys>
}

/**
 * Returns whether a text can be a key id, a secret or a token. These travel in headers, so any other character would
 * only fail later.
 */
export const isKeyText = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

export const noKeys = (message: string): Failure => new Failure('credentials', message, { code: 'access_denied' })
