import { isAbsolute } from 'node:path'
import type { Scope } from '../../core/caller.js'
import { type BucketPrefix, parseAllowedTarget } from '../../core/object-key.js'

/** This is a bearer token as it was configured. */
export interface TokenText {
  /** The name says what the token is called, or in which line it stands. Events and logs show it. */
  readonly name: string
  readonly scope: Scope
  readonly token: string
  /** These are the roots as they were written. They are null where the line binds the token to none. */
  readonly roots: readonly string[] | null
  readonly targets: readonly BucketPrefix[] | null
}

const start = /^(read|submit|admin):([\x21-\x7e]+)$/
const tokenName = /^[\w.@-]{1,64}$/

const splitList = (text: string, separator: string): readonly string[] =>
  text.split(separator).filter((item) => item !== '')

type Fields = { -readonly [K in 'name' | 'roots' | 'targets']?: TokenText[K] }

/**
 * Takes one field of a line. Returns null, or what is wrong with the field as the end of a sentence that begins with
 * "line 3 ...".
 */
const readField = (fields: Fields, text: string): string | null => {
  const [key, value = ''] = text.split(/=(.*)/s)
  if (key !== 'name' && key !== 'roots' && key !== 'targets') return 'has a field other than name=, roots= and targets='
  if (fields[key] !== undefined) return `has ${key}= twice`
  if (key === 'name') {
    if (!tokenName.test(value)) return 'must have a name of 1 to 64 letters, digits and . _ @ -'
    fields.name = value
    return null
  }
  const items = splitList(value, key === 'roots' ? ':' : ',')
  if (items.length === 0) return `has an empty ${key}=`
  if (key === 'roots') {
    if (!items.every((item) => isAbsolute(item))) return 'must have absolute directories in roots=, separated by colons'
    fields.roots = items
    return null
  }
  const targets = items.map(parseAllowedTarget).filter((target) => target !== null)
  if (targets.length < items.length) return 'must have buckets or bucket/prefix in targets=, separated by commas'
  fields.targets = targets
  return null
}

const readLine = (text: string, where: string): TokenText => {
  const [first = '', ...rest] = text.split(/\s+/)
  const match = start.exec(first)
  if (match === null) throw new Error(`${where} must be scope:token with scope read, submit or admin`)
  const fields: Fields = {}
  for (const field of rest) {
    const problem = readField(fields, field)
    if (problem !== null) throw new Error(`${where} ${problem}`)
  }
  const { name = where, roots = null, targets = null } = fields
  return { name, scope: match[1] as Scope, token: match[2] ?? '', roots, targets }
}

/**
 * Parses lines of `scope:token`, each of which may go on with `name=`, `roots=` and `targets=`. Blank lines and lines
 * that begin with `#` are passed over. It throws an Error that names the line, but never the token.
 */
export const parseTokenLines = (text: string): readonly TokenText[] => {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ text: line.trim(), where: `line ${index + 1}` }))
  const tokens = lines
    .filter((line) => line.text !== '' && !line.text.startsWith('#'))
    .map((line) => readLine(line.text, line.where))
  if (tokens.length === 0) throw new Error('holds no token')
  for (const [index, { token }] of tokens.entries()) {
    if (tokens.slice(0, index).some((other) => other.token === token)) throw new Error('holds the same token twice')
  }
  return tokens
}
