import { AppError } from '../../core/app-error.js'
import type { AllowedTarget } from '../../core/object-key.js'
import type { UploadMarker } from '../../ports/target.js'

/** A part of a bucket whose uploads are listed. */
export interface Place {
  readonly bucket: string
  readonly prefix: string
}

/** Where a page of all places begins. `after` is null at the beginning of the place. */
export interface Position {
  readonly place: number
  readonly after: UploadMarker | null
}

/** Without those that lie below another. */
const outermost = (prefixes: readonly string[]): readonly string[] => {
  const sorted = [...new Set(prefixes)].sort()
  return sorted.filter((prefix) => !sorted.some((other) => other !== prefix && prefix.startsWith(other)))
}

/** What this daemon may touch of the buckets, in an order that every page shares. */
export const placesOf = (buckets: readonly string[], allowed: readonly AllowedTarget[]): readonly Place[] =>
  buckets.flatMap((bucket) => {
    const prefixes = allowed.filter((target) => target.bucket === bucket).map(({ prefix }) => prefix)
    return outermost(allowed.length === 0 ? [''] : prefixes).map((prefix) => ({ bucket, prefix }))
  })

/** Null when the last place is behind. */
export const writePosition = (places: readonly Place[], { place, after }: Position): string | null => {
  const at = places[place]
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

/** Throws AppError `invalid_request` when the cursor is not one of these places. */
export const readPosition = (places: readonly Place[], cursor: string | null): Position => {
  if (cursor === null) return { place: 0, after: null }
  const [bucket, prefix, key, uploadId, ...more] = fieldsOf(cursor)
  const place = places.findIndex((candidate) => candidate.bucket === bucket && candidate.prefix === prefix)
  if (place === -1 || typeof key !== 'string' || typeof uploadId !== 'string' || more.length > 0) {
    throw new AppError('invalid_request', 'The cursor is not one of this list.', {
      errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
    })
  }
  return { place, after: key === '' ? null : { key, uploadId } }
}
