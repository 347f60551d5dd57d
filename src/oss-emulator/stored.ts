/** What is kept of an object beside its bytes, from the headers it was made with. Header names are lower-case. */
export interface ObjectMetadata {
  readonly headers: Readonly<Record<string, string>>
  readonly storageClass: string
  readonly tags: readonly (readonly [key: string, value: string])[]
}

/** A run of bytes in one data file: `size` of them from `offset`. */
export interface Segment {
  readonly file: string
  readonly offset: number
  readonly size: number
}

export interface StoredObject extends ObjectMetadata {
  readonly key: string
  readonly type: 'Normal' | 'Multipart'
  readonly acl: string
  /** Laid end to end they are the object. */
  readonly segments: readonly Segment[]
  readonly size: number
  /** Without quotes, as every ETag here. */
  readonly etag: string
  /** Decimal, as every CRC-64 here. */
  readonly crc64: string
  /** Milliseconds since the epoch, as every instant here. */
  readonly modifiedAt: number
  /** The multipart upload it was made by; null for a put. */
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

/** The order of OSS's listings: by the bytes of UTF-8, which is not the order of JavaScript's UTF-16. */
export const compareKeys = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
