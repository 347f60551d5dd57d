import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { escapeText } from '../terminal/terminal-text.js'

/** This is what the user named on the command line. It was looked at once. */
export type LocalSource =
  | { readonly kind: 'file'; readonly path: string; readonly name: string }
  | { readonly kind: 'directory'; readonly path: string; readonly name: string }

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'

/** Throws ExitError `failed` when nothing can be read at the path, or when it is neither a file nor a directory. */
export const lookAt = async (argument: string): Promise<LocalSource> => {
  const path = resolve(argument)
  let found: Stats
  try {
    found = await stat(path)
  } catch (error) {
    throw new ExitError(exitCodes.failed, `${escapeText(path)} cannot be read: ${codeOf(error)}.`)
  }
  if (found.isDirectory()) return { kind: 'directory', path, name: basename(path) }
  if (found.isFile()) return { kind: 'file', path, name: basename(path) }
  throw new ExitError(exitCodes.failed, `${escapeText(path)} is neither a regular file nor a directory.`)
}
