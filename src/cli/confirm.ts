import { createInterface } from 'node:readline/promises'
import { ExitError, exitCodes } from './client/exit-error.js'
import type { CliIo } from './console.js'

/**
 * Asks a question that only `y` or `yes` affirms. Throws ExitError `usage` where there is no terminal to ask on, and
 * the signal's reason when it aborts.
 */
export const confirm = async ({ stdin, stderr }: CliIo, question: string, signal: AbortSignal): Promise<boolean> => {
  if (stdin.isTTY !== true) {
    throw new ExitError(exitCodes.usage, 'There is no terminal to ask on: give --yes when you are sure.')
  }
  const lines = createInterface({ input: stdin, output: stderr })
  // The end of the input counts as no.
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  // readline takes Ctrl-C for itself while it asks.
  lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), ended])
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
  }
}
