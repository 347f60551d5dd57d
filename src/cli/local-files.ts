import { isUtf8 } from 'node:buffer'
import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { ExitError, exitCodes } from './exit-error.js'
import { escapeText } from './terminal-text.js'

/** A file to upload: its absolute path, and its name below the prefix, with `/` between directories. */
export interface LocalFile {
  readonly path: string
  readonly relative: string
}

/** What the user named on the command line, looked at once. */
export type LocalSource =
  | { readonly kind: 'file'; readonly path: string; readonly name: string }
  | { readonly kind: 'directory'; readonly path: string; readonly name: string }

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'

/** Throws ExitError `failed` when nothing can be read at the path, or it is neither a file nor a directory. */
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

/**
 * Every regular file below a directory, hidden ones included. Symbolic links are not followed; sockets, FIFOs and devices
 * are passed over. What cannot be read, or has a name that is not UTF-8, is a problem and not the end.
 */
export async function* walk(
  directory: string,
  prefix: string,
  onProblem: (text: string) => void,
): AsyncGenerator<LocalFile> {
  try {
    // Names as bytes: decoded, two different invalid names would become one that does not exist.
    const entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' })
    entries.sort((a, b) => Buffer.compare(a.name, b.name))
    for (const entry of entries) {
      if (!entry.isDirectory() && !entry.isFile()) continue
      const name = entry.name.toString('utf8')
      const path = join(directory, name)
      if (!isUtf8(entry.name)) onProblem(`${escapeText(path)}: the name is not UTF-8`)
      else if (entry.isDirectory()) yield* walk(path, `${prefix}${name}/`, onProblem)
      else yield { path, relative: prefix + name }
    }
  } catch (error) {
    onProblem(`${escapeText(directory)} cannot be read: ${codeOf(error)}`)
  }
}

/**
 * The files of one directory by their place below it; of several paths by the name of each, as `cp` does it: the tree of
 * `put /srv/in/* oss://b/in/` looks like the one on disk.
 */
export async function* listFiles(
  sources: readonly LocalSource[],
  onProblem: (text: string) => void,
): AsyncGenerator<LocalFile> {
  for (const { kind, path, name } of sources) {
    if (kind === 'file') yield { path, relative: name }
    else yield* walk(path, sources.length === 1 || name === '' ? '' : `${name}/`, onProblem)
  }
}
