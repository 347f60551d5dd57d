import picomatch from 'picomatch'

/**
 * `*`, `**`, `?`, `[...]` and `{a,b}` only: extglobs and regular expressions in parentheses, which picomatch lets through,
 * make patterns that take for ever, and are literal text here.
 */
const literal = (pattern: string): string =>
  pattern.replace(/\\.|[()|+]/g, (match) => (match.startsWith('\\') ? match : `\\${match}`))

const options = { dot: true, nonegate: true, noextglob: true, posix: true }

const matcherOf = (patterns: readonly string[]): ((path: string) => boolean) =>
  picomatch(patterns.map(literal), options)

export interface GlobFilter {
  takesFile(relative: string): boolean
  /** Whether to look into a directory. */
  entersDirectory(relative: string): boolean
}

/** Without `include` every file is taken; `exclude` wins. */
export const createGlobFilter = (include: readonly string[], exclude: readonly string[]): GlobFilter => {
  const isIncluded = include.length === 0 ? () => true : matcherOf(include)
  const isExcluded = exclude.length === 0 ? () => false : matcherOf(exclude)
  return {
    takesFile: (relative) => isIncluded(relative) && !isExcluded(relative),
    entersDirectory: (relative) => !isExcluded(relative),
  }
}
