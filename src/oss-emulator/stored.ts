/**
 * This is what is kept of an object beside its bytes, from the headers it was made with. Header names are in lower
 * case.
 */
export interface ObjectMetadata {
  readonly headers: Readonly<Record<string, string>>
  readonly storageClass: string
  readonly tags: readonly (readonly [key: string, value: string])[]
}

/** This is a run of bytes in one data file: `size` of them from `offset`. */
export interface Segment {
  readonly file: string
  readonly offset: number
  readonly size: number
}

export interface StoredObject extends ObjectMetadata {
  readonly key: string
  readonly type: 'Normal' | 'Multipart'
  readonly acl: string
  /** Laid end to end, the segments are the object. */
  readonly segments: readonly Segment[]
  readonly size: number
  /** The ETag has no quotes, as every ETag here. */
  readonly etag: string
  /** The CRC-64 is decimal, as every CRC-64 here. */
  readonly crc64: string
  /** The instant is in milliseconds since the epoch, as every instant here. */
  readonly modifiedAt: number
  /** This is the multipart upload that made the object. It is null for a put. */
  readonly uploadId: string | null
}

export interface StoredPart extends Segment {
  readonly partNumber: number
  readonly etag: string
  readonly crc64: string
  readonly uploadedAt: number
}

export interface StoredUpload extends ObjectMetadata {
  readonly uploadId: string
  readonly key: string
  readonly initiatedAt: number
  readonly sequential: boolean
}

const rank = (unit: number): number => {
  if (unit < 0xd800) return unit
  // Surrogates stand for what lies above every other unit.
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/**
 * Compares in the order of OSS's listings, which is by the bytes of UTF-8, and not the order of JavaScript's UTF-16.
 */
export const compareKeys = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
