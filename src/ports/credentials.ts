/** One set of keys. `securityToken` is null for long-term keys; `temporary` says that newer ones may be had. */
export interface CredentialSet {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  readonly temporary: boolean
}

/** Where keys come from. Asked anew for every request, so a rotation needs no new client. */
export interface Credentials {
  /** The keys to sign with now: immutable, and the same object until they change. Throws Failure `credentials` when there are none yet. */
  current(): CredentialSet
  /**
   * Fetches new keys although the old ones may look fine. Callers at the same time share one fetch. Throws Failure
   * `credentials` when none can be had, and the signal's reason when aborted.
   */
  refresh(signal: AbortSignal): Promise<void>
}
