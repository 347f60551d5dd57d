export interface IdempotencyKey {
  readonly key: string
  /** The fingerprint of the request's body. A replay must have the same. */
  readonly fingerprint: string
}
