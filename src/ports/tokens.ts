import type { Caller, Scope } from '../core/caller.js'

/** This is a bearer token as the daemon keeps it. The token itself is forgotten once it is hashed. */
export interface Token extends Caller {
  /** Events and logs show this name of the token. It is never the token itself. */
  readonly name: string
  readonly scope: Scope
  /** This is the SHA-256 of the token. */
  readonly hash: Buffer
}

/**
 * These are the tokens that count now. They may change while the daemon runs, so a caller that keeps one has to ask
 * again.
 */
export interface Tokens {
  /** It is false when no token was ever configured, so that everything is allowed. */
  readonly needed: boolean
  current(): readonly Token[]
  /**
   * Calls the listener after each change. Returns the function that ends the subscription. Listeners must not throw.
   */
  subscribe(listener: () => void): () => void
}
