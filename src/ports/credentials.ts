/** One set of keys. `securityToken` is null for long-term keys; `temporary` says that newer ones may be had. */
export interface CredentialSet {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  readonly temporary: boolean
}

/** Where keys come from. It is asked anew for every request, so a rotation needs no new client. */
export interface Credentials {
  /**
   * Returns the keys to sign with now. They are immutable, and the same object until they change. Throws Failure
   * `credentials` when there are none, or only ones that OSS refuses.
   */
  current(): CredentialSet
  /**
   * False while `current` throws: there is no point in beginning anything. When other keys arrive, `jobs` is hinted.
   */
  areAtHand(): boolean
  /**
   * Says that OSS refuses these keys. It fetches others, with one fetch for all who ask meanwhile, and with none at all
   * when the last one was too short a while ago. Resolves with true when other keys are at hand. Throws only the
   * signal's reason when it is aborted.
   */
  renew(refused: CredentialSet, signal: AbortSignal): Promise<boolean>
  /**
   * Says that OSS gave a good answer to a request that was signed with these keys, so that an earlier refusal of them
   * means nothing any more.
   */
  accepted(keys: CredentialSet): void
}
