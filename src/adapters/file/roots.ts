import { isWithin } from '../../core/directory.js'

/**
 * `allowed` holds the directories that jobs may read, as real paths. `forbidden` holds those below them that jobs may
 * not read.
 */
export interface Roots {
  readonly allowed: readonly string[]
  readonly forbidden: readonly string[]
  /** These are the roots as the operator wrote them, where that is not their real path. */
  readonly spelled?: readonly { readonly as: string; readonly real: string }[]
}

/** Returns whether jobs may read a path. `within` narrows the roots. */
export const isReadable = (roots: Roots, realPath: string, within?: readonly string[]): boolean =>
  roots.allowed.some((root) => isWithin(root, realPath)) &&
  (within === undefined || within.some((root) => isWithin(root, realPath))) &&
  !roots.forbidden.some((directory) => isWithin(directory, realPath))
