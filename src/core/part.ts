/** Stored states of a part. `uploading` is what a sender is doing now and is never stored. */
export const partStates = ['pending', 'uploaded'] as const
export type PartState = (typeof partStates)[number]

/** `uploaded -> pending` only when the whole upload was lost in OSS. */
export const partTransitions: Readonly<Record<PartState, readonly PartState[]>> = {
  pending: ['uploaded'],
  uploaded: ['pending'],
}

/** A part of the plan: `partNumber` counts from 1; `offset` and `size` are bytes of the source. */
export interface PlannedPart {
  readonly partNumber: number
  readonly offset: number
  readonly size: number
}

/** What is known of a part that OSS holds. `crc64` is our own, equal to OSS's when OSS gave one. */
export interface UploadedPart {
  readonly partNumber: number
  readonly size: number
  readonly etag: string
  /** CRC-64/XZ of the source bytes, as a decimal string. */
  readonly crc64: string
  /** OSS's answer carried the same CRC-64, so the part proved itself. */
  readonly proven: boolean
  /** Tries that this part took, 1 when the first succeeded; 0 when it was adopted from ListParts. */
  readonly attempts: number
}

/** A part as the store keeps it. */
export interface StoredPart extends PlannedPart {
  readonly state: PartState
  readonly etag: string | null
  readonly crc64: string | null
  readonly proven: boolean
  readonly attempts: number
  readonly uploadedAt: number | null
}
