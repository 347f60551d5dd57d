import { AppError } from '../../core/app-error.js'
import type { BucketPrefix } from '../../core/object-key.js'
import type { UploadMarker } from '../../ports/target.js'

/** Where a page of a listing of all prefixes begins. `after` is null at the beginning of a prefix. */
export interface Position {
  /** Which of the prefixes. */
  readonly index: number
  readonly after: UploadMarker | null
}

/** Returns the prefixes that lie below no other. */
const outermost = (prefixes: readonly string[]): readonly string[] => {
  const sorted = [...new Set(prefixes)].sort()
  return sorted.filter((prefix) => !sorted.some((other) => other !== prefix && prefix.startsWith(other)))
}

/** Returns what this daemon may touch of the buckets, in an order that every page shares. */
export const touchable = (buckets: readonly string[], allowed: readonly BucketPrefix[]): readonly BucketPrefix[] =>
  buckets.flatMap((bucket) => {
    const prefixes = allowed.filter((target) => target.bucket === bucket).map(({ prefix }) => prefix)
    return outermost(allowed.length === 0 ? [''] : prefixes).map((prefix) => ({ bucket, prefix }))
  })

/** Returns the cursor of a position; null when the last prefix is behind it. */
export const writePosition = (prefixes: readonly BucketPrefix[], { index, after }: Position): string | null => {
  const at = prefixes[index]
  if (at === undefined) return null
  return Buffer.from(JSON.stringify([at.bucket, at.prefix, after?.key ?? '', after?.uploadId ?? ''])).toString(
    'base64url',
  )
}

const fieldsOf = (cursor: string): readonly unknown[] => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(parsed) ? parsed : []
  } catch {
    return []
  }
}

/** Returns the position of a cursor. Throws AppError `invalid_request` when it was not made for these prefixes. */
export const readPosition = (prefixes: readonly BucketPrefix[], cursor: string | null): Position => {
  if (cursor === null) return { index: 0, after: null }
  const [bucket, prefix, key, uploadId, ...more] = fieldsOf(cursor)
  const index = prefixes.findIndex((candidate) => candidate.bucket === bucket && candidate.prefix === prefix)
  if (index === -1 || typeof key !== 'string' || typeof uploadId !== 'string' || more.length > 0) {
    throw new AppError('invalid_request', 'The cursor is not one of this list.', {
      errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
    })
  }
  return { index, after: key === '' ? null : { key, uploadId } }
}
