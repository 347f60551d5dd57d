import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { isWithin } from '../core/directory.js'

const systemPaths = ['/proc', '/sys', '/dev', '/etc']

/** Returns why a directory cannot be a source root, or null when it can. */
export const rootProblem = (root: string): string | null => {
  if (!isAbsolute(root)) return `${root} must be an absolute path`
  try {
    const real = realpathSync(root)
    if (!statSync(real).isDirectory()) return `${root} is not a directory`
    if (real === '/' || systemPaths.some((path) => isWithin(path, real)))
      return `${root} must not be a system directory`
    return null
  } catch {
    return `${root} does not exist or cannot be entered`
  }
}

export interface SpelledRoot {
  readonly as: string
  readonly real: string
}

/** Returns those of the roots, all of which are valid, whose real path differs from the given one. */
export const spelledRoots = (roots: readonly string[]): readonly SpelledRoot[] =>
  roots.map((root) => ({ as: resolve(root), real: realpathSync(root) })).filter(({ as, real }) => as !== real)
