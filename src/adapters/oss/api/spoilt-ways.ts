import type { Clock } from '../../../ports/clock.js'

/** A way to OSS is watched for so long after it has changed bytes. */
const watchedMs = 3_600_000
/** So many uploads are remembered at the same time. The oldest is forgotten first. */
const mostUploads = 1_000

/**
 * Remembers that bytes were changed on their way to one endpoint. For a while after that, what is sent there carries
 * `Content-MD5`, so that OSS refuses spoilt bytes instead of storing them. This holds for every put, because a put
 * would replace a good object, and for the parts of an upload of which a part was spoilt. An MD5 costs more than all
 * other work on the bytes, so it is not always sent.
 */
export interface SpoiltWays {
  /** Records that the bytes of a part of this upload, or (null) of a put, were changed on the way. */
  noteMismatch(uploadId: string | null): void
  /** Returns whether the bytes of a part of this upload, or (null) of a put, must be sent with their MD5. */
  needsMd5(uploadId: string | null): boolean
}

export const createSpoiltWays = (clock: Pick<Clock, 'monotonic'>): SpoiltWays => {
  let lastAt = Number.NEGATIVE_INFINITY
  const uploads = new Set<string>()
  return {
    noteMismatch(uploadId) {
      lastAt = clock.monotonic()
      if (uploadId === null) return
      uploads.delete(uploadId)
      uploads.add(uploadId)
      const [oldest] = uploads
      if (uploads.size > mostUploads && oldest !== undefined) uploads.delete(oldest)
    },
    needsMd5: (uploadId) => (uploadId === null ? clock.monotonic() - lastAt < watchedMs : uploads.has(uploadId)),
  }
}
