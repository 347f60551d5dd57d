import type { PartState, StoredPart } from './part.js'

/** A part as the API shows it. `crc64` is a decimal string, and `uploadedAt` is ISO 8601 in UTC. */
export interface PartView {
  readonly partNumber: number
  readonly offset: number
  readonly size: number
  readonly state: PartState | 'uploading'
  readonly etag: string | null
  readonly crc64: string | null
  readonly attempts: number
  readonly uploadedAt: string | null
}

export const viewPart = (part: StoredPart, uploading = false): PartView => ({
  partNumber: part.partNumber,
  offset: part.offset,
  size: part.size,
  state: uploading && part.state === 'pending' ? 'uploading' : part.state,
  etag: part.etag,
  crc64: part.crc64,
  attempts: part.attempts,
  uploadedAt: part.uploadedAt === null ? null : new Date(part.uploadedAt).toISOString(),
})
