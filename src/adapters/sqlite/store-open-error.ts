/** Exit codes of `longshore serve` when its database cannot be opened. */
export const storeExitCodes = { corrupt: 65, io: 74, locked: 75 } as const
export type StoreExitCode = (typeof storeExitCodes)[keyof typeof storeExitCodes]

/** The store cannot be opened. The message is for people; the process exits with `exitCode`. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
  readonly exitCode: StoreExitCode

  constructor(exitCode: StoreExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}
