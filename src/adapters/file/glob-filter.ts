import picomatch from 'picomatch'
import { type Glob, parseGlob } from '../../core/glob.js'

/**
 * Patterns know only `*`, `**`, `?`, `[...]` and `{a,b}`. picomatch also knows extglobs and regular expressions in
 * parentheses, which allow patterns that take forever to match, so here their characters are literal text.
 */
const literal = (pattern: string): string =>
  pattern.replace(/\\.|[()|+]/g, (match) => (match.startsWith('\\') ? match : `\\${match}`))

const options = { dot: true, nonegate: true, noextglob: true, posix: true }

type Matcher = (path: string) => boolean

const matcherOf = (patterns: readonly string[]): Matcher =>
  patterns.length === 0 ? () => false : picomatch(patterns.map(literal), options)

/** Returns a pattern for everything below a directory, which does not match a file with the directory's name. */
const belowOf = (pattern: string): string => `${pattern}/**/*`

const fileMatcherOf = (globs: readonly Glob[]): Matcher =>
  matcherOf(globs.map(({ pattern, directory }) => (directory ? belowOf(pattern) : pattern)))

export interface GlobFilter {
  takesFile(relative: string): boolean
  /** Returns whether the walk looks into a directory. */
  entersDirectory(relative: string): boolean
}

/** Without `include` every file is taken. `exclude` wins over `include`. */
export const createGlobFilter = (include: readonly string[], exclude: readonly string[]): GlobFilter => {
  const excluding = exclude.map(parseGlob)
  const isIncluded = include.length === 0 ? () => true : fileMatcherOf(include.map(parseGlob))
  const isExcluded = fileMatcherOf(excluding)
  const isClosed = matcherOf(excluding.map(({ pattern }) => pattern))
  return {
    takesFile: (relative) => isIncluded(relative) && !isExcluded(relative),
    entersDirectory: (relative) => !isClosed(relative) && !isExcluded(relative),
  }
}
