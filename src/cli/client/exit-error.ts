/** The client commands end with these exit codes, after sysexits.h and timeout(1). 0 is success. */
export const exitCodes = {
  failed: 1,
  usage: 64,
  unreachable: 69,
  software: 70,
  timeout: 124,
  interrupted: 130,
  brokenPipe: 141,
} as const

/**
 * Ends the command with `exitCode`. A message that is not empty is shown on stderr, so it must be safe for a terminal.
 */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exitCode: number

  constructor(exitCode: number, message = '') {
    super(message)
    this.exitCode = exitCode
  }
}
