import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { IdempotencyKey } from '../../ports/idempotency-key.js'

/** Returns a value with the members of every object in one order, so that equal requests have equal text. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, canonical(member)]))
}

/** Other headers pass, because they belong to HTTP. */
export const idempotencyHeadersSchema = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .optional()
    .describe(
      'A repeat with the same key and body makes nothing and answers the job that was made; it lives as long as the job.',
    ),
})

/** Returns the key of a request with a digest of its validated body, or null without a key. */
export const idempotencyOf = (key: string | undefined, body: unknown): IdempotencyKey | null =>
  key === undefined
    ? null
    : {
        key,
        fingerprint: createHash('sha256')
          .update(JSON.stringify(canonical(body)))
          .digest('hex'),
      }
