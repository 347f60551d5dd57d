/** This is a glob of a walk, taken apart. Patterns are compared with paths below a directory, as `a/b.txt`. */
export interface Glob {
  /** The pattern is compared with the whole path. A pattern that names no directory matches at any depth. */
  readonly pattern: string
  /** True when the pattern ends with a slash. It means the directory and all that is below it. */
  readonly directory: boolean
}

const withoutEscapes = (pattern: string): string => pattern.replace(/\\./gs, '_')

/** Returns what is left when all whole classes are taken out; null when one does not end, is empty or holds a slash. */
const withoutClasses = (text: string): string | null => {
  const rest = text.replace(/\[[!^]?(?:\][^/\]]*|[^/\]]+)\]/g, '_')
  return rest.includes('[') ? null : rest
}

const areBracesWhole = (text: string): boolean => {
  let depth = 0
  for (const char of text) {
    if (char === '{') depth++
    if (char === '}' && depth > 0) depth--
  }
  return depth === 0
}

/**
 * Returns why a pattern can never match a path, as a sentence that continues the name of the field, or null when it can
 * match.
 */
export const globProblem = (pattern: string): string | null => {
  if (pattern === '') return 'must not be empty'
  if (pattern.includes('\0')) return 'must not hold a NUL, which no name has'
  if (pattern.startsWith('!')) return 'must not begin with !: use exclude'
  if (pattern.startsWith('/')) return 'must not begin with a slash: patterns match the path below dir'
  const plain = withoutEscapes(pattern)
  if (plain.endsWith('\\')) return 'must not end with a backslash, which takes the next character as it is'
  const rest = withoutClasses(plain)
  if (rest === null) return 'must end each [ by a ] within the same name, with something in between'
  if (!areBracesWhole(rest)) return 'must end each { by a }'
  const names = rest
    .replace(/^(\.\/)+/, '')
    .replace(/\/$/, '')
    .split('/')
  const bad = names.find((name) => name === '' || name === '.' || name === '..')
  return bad === undefined ? null : 'must not have an empty name, . or .. between its slashes: no path below dir has'
}

/** Takes apart a pattern that can match. */
export const parseGlob = (text: string): Glob => {
  const directory = text.endsWith('/')
  const body = directory ? text.slice(0, -1) : text
  return { pattern: body.includes('/') ? body.replace(/^(\.\/)+/, '') : `**/${body}`, directory }
}
