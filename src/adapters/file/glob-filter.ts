import picomatch from 'picomatch'
import { type Glob, parseGlob } from '../../core/glob.js'

/**
 * `*`, `**`, `?`, `[...]` and `{a,b}` only: extglobs and regular expressions in parentheses, which picomatch lets through,
 * make patterns that take for ever, and are literal text here.
 */
const literal = (pattern: string): string =>
  pattern.replace(/\\.|[()|+]/g, (match) => (match.startsWith('\\') ? match : `\\${match}`))

const options = { dot: true, nonegate: true, noextglob: true, posix: true }

type Matcher = (path: string) => boolean

const matcherOf = (patterns: readonly string[]): Matcher =>
  patterns.length === 0 ? () => false : picomatch(patterns.map(literal), options)

/** Everything below a directory, but not a file of its name. */
const belowOf = (pattern: string): string => `${pattern}/**/*`

const fileMatcherOf = (globs: readonly Glob[]): Matcher =>
  matcherOf(globs.map(({ pattern, directory }) => (directory ? belowOf(pattern) : pattern)))

export interface GlobFilter {
  takesFile(relative: string): boolean
  /** Whether to look into a directory. */
  entersDirectory(relative: string): boolean
}

/** Without `include` every file is taken; `exclude` wins. */
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
