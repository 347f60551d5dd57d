import { Failure } from '../../core/failure.js'
import type { PlannedPart, StoredPart, UploadedPart } from '../../core/part.js'
import type { OpenSource } from '../../ports/source.js'
import type { ListedPart, UploadRef } from '../../ports/target.js'
import type { Run } from './run.js'

/**
 * Returns a part that OSS lists but the store does not know, or null when its size and CRC-64 are not those of the
 * source.
 */
const adopt = async (
  run: Run,
  part: StoredPart,
  listed: ListedPart,
  source: OpenSource,
): Promise<UploadedPart | null> => {
  if (listed.size !== part.size || listed.crc64 === null) return null
  const crc64 = await source.crc64(part.offset, part.size, run.control.hard)
  if (crc64 !== listed.crc64) return null
  return { partNumber: part.partNumber, size: part.size, etag: listed.etag, crc64, proven: true, attempts: 0 }
}

/** Returns what OSS lists of the upload; null when the keys may not ask (upload-only policies lack oss:ListParts). */
const listIfAllowed = async (run: Run, upload: UploadRef): Promise<readonly ListedPart[] | null> => {
  try {
    return await run.retrier.request({
      name: 'list parts',
      attempt: () => run.target.listParts(upload, run.control.hard),
    })
  } catch (error) {
    if (!(error instanceof Failure) || error.ossCode !== 'AccessDenied') throw error
    const { requestId } = error
    run.logger.warn({ uploadId: upload.uploadId, requestId }, 'OSS refuses to list the parts (needs oss:ListParts)')
    return null
  }
}

/**
 * Asks OSS which parts it holds, adopts those that were sent but not committed (the daemon died in between), and
 * returns what is still to be sent. Where OSS refuses to list them the store's own record counts, unless OSS disagreed
 * with it: then nothing can tell what is there, and the answer is null. Throws Failure `lost` when the upload is gone.
 */
export const reconcileParts = async (
  run: Run,
  upload: UploadRef,
  source: OpenSource,
): Promise<readonly PlannedPart[] | null> => {
  const listed = await listIfAllowed(run, upload)
  if (listed === null) {
    if (run.disagreements.has('resend')) return null
    return (await run.record.parts()).filter((part) => part.state !== 'uploaded')
  }
  const inOss = new Map(listed.map((part) => [part.partNumber, part]))
  const parts = await run.record.parts()
  const missing: PlannedPart[] = []
  const adopted: UploadedPart[] = []
  for (const part of parts) {
    const found = inOss.get(part.partNumber)
    const known = part.state === 'uploaded' && found?.etag === part.etag && found.size === part.size
    if (known) continue
    const taken = found === undefined ? null : await adopt(run, part, found, source)
    if (taken === null) missing.push(part)
    else adopted.push(taken)
  }
  await run.record.adoptParts(adopted)
  run.logger.info(
    {
      uploadId: upload.uploadId,
      partsInOss: parts.length - missing.length,
      partsTotal: parts.length,
      partsAdopted: adopted.length,
    },
    `${parts.length - missing.length} of ${parts.length} parts already in OSS, sending the rest`,
  )
  return missing
}
