/** These are the stored states of a part. `uploading` is what a sender is doing now, and it is never stored. */
export const partStates = ['pending', 'uploaded'] as const
export type PartState = (typeof partStates)[number]

/** A part goes from `uploaded` back to `pending` only when the whole upload was lost in OSS. */
export const partTransitions: Readonly<Record<PartState, readonly PartState[]>> = {
  pending: ['uploaded'],
  uploaded: ['pending'],
}

/** A part of the plan. `partNumber` counts from 1; `offset` and `size` are bytes of the source. */
export interface PlannedPart {
  readonly partNumber: number
  readonly offset: number
  readonly size: number
}

/** What is known of a part that OSS holds. `crc64` is our own, and it equals OSS's when OSS gave one. */
export interface UploadedPart {
  readonly partNumber: number
  readonly size: number
  readonly etag: string
  /** The CRC-64/XZ of the bytes of the source, as a decimal string. */
  readonly crc64: string
  /** True when OSS's answer carried the same CRC-64, so that the part proved itself. */
  readonly proven: boolean
  /**
   * The number of tries that this part took. It is 1 when the first one succeeded, and 0 when the part was adopted from
   * ListParts.
   */
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
