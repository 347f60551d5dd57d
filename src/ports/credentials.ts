/** One set of keys. `securityToken` is null for long-term keys; `temporary` says that newer ones may be had. */
export interface CredentialSet {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string | null
  readonly temporary: boolean
}

/** Where keys come from. Asked anew for every request, so a rotation needs no new client. */
export interface Credentials {
  /**
   * The keys to sign with now: immutable, and the same object until they change. Throws Failure `credentials` when there
   * are none, or only such as OSS refuses.
   */
  current(): CredentialSet
  /** False while `current` throws: there is no point in beginning anything. When other keys arrive, `jobs` is hinted. */
  areAtHand(): boolean
  /**
   * OSS refuses these keys: fetches others, one fetch for all who ask meanwhile, and none at all when the last one was
   * too short a while ago. True when other keys are at hand. Throws only the signal's reason when aborted.
   */
  renew(refused: CredentialSet, signal: AbortSignal): Promise<boolean>
  /** OSS gave a good answer to a request that was signed with these keys, so an earlier refusal of them says nothing any more. */
  accepted(keys: CredentialSet): void
}
