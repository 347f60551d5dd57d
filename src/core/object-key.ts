/**
 * These are OSS's rules for names [D]. They are stricter where a name could be rewritten on its way: ali-oss normalises
 * dot segments after signing, so `a/../../other/x` would reach another bucket (oss-facts, section 4, trap 9).
 */
const maxKeyBytes = 1023

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/
const loneSurrogate = /\p{Surrogate}/u

/** Returns what is wrong with a text that must be a plain name, or null. */
const textProblem = (text: string): string | null => {
  if (loneSurrogate.test(text)) return 'must be valid Unicode: it holds a lone surrogate'
  if (controlCharacter.test(text)) return 'must not hold control characters'
  return null
}

/** Returns what is wrong with an object key, as a sentence that continues "target.key ...", or null when it is fine. */
export const keyProblem = (key: string): string | null => {
  if (key === '') return 'must not be empty'
  const problem = textProblem(key)
  if (problem !== null) return problem
  if (Buffer.byteLength(key) > maxKeyBytes) return `must be at most ${maxKeyBytes} bytes in UTF-8`
  if (key.startsWith('/') || key.startsWith('\\')) return 'must not begin with a slash or backslash'
  const segments = key.split('/')
  if (segments.some((segment) => segment === '.' || segment === '..')) return "must not hold '.' or '..' segments"
  if (segments.includes('')) return 'must not hold empty segments (// or a slash at the end)'
  return null
}

/**
 * Returns what forbids a request to name a key that others chose, or null. It forbids only what would travel to another
 * object: dot segments are taken away on the way, ali-oss takes slashes from the beginning, and a lone surrogate has no
 * UTF-8. OSS has objects that `keyProblem` refuses (`a//b`, `dir/`), and their uploads can be removed.
 */
export const strayingKeyProblem = (key: string): string | null => {
  if (key === '') return 'must not be empty'
  if (loneSurrogate.test(key)) return 'must be valid Unicode: it holds a lone surrogate'
  if (key.startsWith('/')) return 'must not begin with a slash'
  if (key.split('/').some((segment) => segment === '.' || segment === '..')) return "must not hold '.' or '..' segments"
  return null
}

const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** Returns what is wrong with the name of a bucket, or null. */
export const bucketProblem = (bucket: string): string | null =>
  bucketName.test(bucket)
    ? null
    : 'must be 3 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit'

/** Returns what is wrong with the path of a source, before anything is opened, or null. */
export const pathProblem = (path: string): string | null => {
  if (!path.startsWith('/')) return 'must be an absolute path'
  if (path.includes('\0')) return 'must not hold NUL bytes'
  if (loneSurrogate.test(path)) return 'must be valid Unicode: it holds a lone surrogate'
  if (Buffer.byteLength(path) > 4096) return 'must be at most 4096 bytes'
  return null
}

/** A bucket, or the part of it whose keys begin with a prefix. */
export interface BucketPrefix {
  readonly bucket: string
  /** The prefix is empty, or ends in `/`. */
  readonly prefix: string
}

/** Parses `bucket` or `bucket/prefix`. Returns null when the bucket or the prefix breaks the rules. */
export const parseAllowedTarget = (text: string): BucketPrefix | null => {
  const [bucket = '', ...rest] = text.split('/')
  const prefix = rest.join('/').replace(/\/$/, '')
  if (bucketProblem(bucket) !== null || (prefix !== '' && keyProblem(prefix) !== null)) return null
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` }
}

/** Whether a job may write there. An empty `allowed` means that every target is allowed. */
export const isTargetAllowed = (allowed: readonly BucketPrefix[], bucket: string, key: string): boolean =>
  allowed.length === 0 || allowed.some((target) => target.bucket === bucket && key.startsWith(target.prefix))
