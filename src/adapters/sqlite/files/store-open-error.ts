import { isCorrupt, mediumFailure } from './medium-error.js'

/** `longshore serve` exits with these codes when its database cannot be opened, or is found damaged later. */
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

/** Returns a StoreOpenError for what an operator can act on, and any other error as it is. */
export const asOpenError = (error: unknown, directory: string): unknown => {
  if (error instanceof StoreOpenError) return error
  const reason = error instanceof Error ? error.message : String(error)
  if (isCorrupt(error)) {
    return new StoreOpenError(storeExitCodes.corrupt, `The database in ${directory} is corrupt: ${reason}.`, error)
  }
  const isSystemError = error instanceof Error && 'syscall' in error
  return mediumFailure(error) === null && !isSystemError
    ? error
    : new StoreOpenError(storeExitCodes.io, `The database in ${directory} cannot be opened: ${reason}.`, error)
}
