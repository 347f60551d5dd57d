import type { Caller, Scope } from '../core/caller.js'

/** A bearer token as the daemon keeps it. The token itself is forgotten once it is hashed. */
export interface Token extends Caller {
  /** For events and logs; never the token. */
  readonly name: string
  readonly scope: Scope
  /** SHA-256 of the token. */
  readonly hash: Buffer
}

/** The tokens that count now. They may change while the daemon runs; whoever keeps one asks again. */
export interface Tokens {
  /** False: no token was ever configured, and everything is allowed. */
  readonly needed: boolean
  current(): readonly Token[]
  /** Told after a change. Returns the function that ends the subscription. Listeners must not throw. */
  subscribe(listener: () => void): () => void
}
