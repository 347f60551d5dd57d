import type { Caller, Scope } from '../core/caller.js'

/** A bearer token as the daemon keeps it. The token itself is forgotten once it is hashed. */
export interface Token extends Caller {
  /** The name of the token, for events and logs. It is never the token itself. */
  readonly name: string
  readonly scope: Scope
  /** The SHA-256 of the token. */
  readonly hash: Buffer
}

/** The tokens that count now. They may change while the daemon runs, so whoever keeps one has to ask again. */
export interface Tokens {
  /** False when no token was ever configured, so that everything is allowed. */
  readonly needed: boolean
  current(): readonly Token[]
  /**
   * Calls the listener after each change. Returns the function that ends the subscription. Listeners must not throw.
   */
  subscribe(listener: () => void): () => void
}
