export interface IdempotencyKey {
  readonly key: string
  /** Of the request body; a replay must match. */
  readonly fingerprint: string
}
