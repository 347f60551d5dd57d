import { z } from 'zod'

/** Returns the ETag of what PATCH can change of a job. */
export const etagOf = ({ version }: { readonly version: number }): string => `"v${version}"`

const entityTag = /^(?:W\/)?"[\x21\x23-\x7e]*"$/

/** Other headers pass, because they belong to HTTP. */
export const ifMatchHeadersSchema = z.looseObject({
  'if-match': z
    .string()
    .refine((text) => text.trim() === '*' || text.split(',').every((tag) => entityTag.test(tag.trim())), {
      error: 'must be ETags in quotes, like "v1", or *',
    })
    .optional()
    .describe('Changes nothing (412) unless the job still has this ETag.'),
})

/**
 * Returns the versions that a caller is willing to change, or null when any will do. Weak tags match no version (RFC 9110,
 * 13.1.1).
 */
export const versionsOf = (ifMatch: string | undefined): readonly number[] | null => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null
  return ifMatch.split(',').flatMap((tag) => {
    const version = /^"v([1-9]\d{0,14})"$/.exec(tag.trim())?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}
