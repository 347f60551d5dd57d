import type { OpenUpload, UploadMarker, UploadsPage, UploadsRequest } from '../../../ports/target.js'
import type { Answer } from '../wire/exchange.js'
import type { OssClient } from './client.js'
import { type Fields, isFields, parseFields, textOf } from './oss-answers.js'

/** Compares in the order of OSS's lists, which is by the bytes of UTF-8. JavaScript compares by UTF-16. */
const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const isBehind = (marker: UploadMarker, after: UploadMarker): boolean => {
  const order = compareBytes(marker.key, after.key)
  return order > 0 || (order === 0 && compareBytes(marker.uploadId, after.uploadId) > 0)
}

/**
 * Returns a name, or null when it is not encoded as it should be. Names come percent-encoded when OSS says so, because
 * XML cannot hold every character that a key can.
 */
const readName = (fields: Fields, name: string, encoded: boolean): string | null => {
  const text = textOf(fields, name)
  if (text === null || !encoded) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const readUpload = (listed: unknown, bucket: string, encoded: boolean): OpenUpload | null => {
  if (!isFields(listed)) return null
  const key = readName(listed, 'Key', encoded)
  const uploadId = textOf(listed, 'UploadId')
  const initiatedAt = Date.parse(textOf(listed, 'Initiated') ?? '')
  return key === null || uploadId === null || Number.isNaN(initiatedAt) ? null : { bucket, key, uploadId, initiatedAt }
}

const areAsked = (
  uploads: readonly (OpenUpload | null)[],
  { prefix, after, limit }: UploadsRequest,
): uploads is readonly OpenUpload[] => {
  let previous = after?.key ?? ''
  for (const upload of uploads) {
    if (upload === null || !upload.key.startsWith(prefix) || compareBytes(upload.key, previous) < 0) return false
    if (upload.key === after?.key && upload.uploadId === after.uploadId) return false
    previous = upload.key
  }
  return uploads.length <= limit
}

/** Returns one page of a ListMultipartUploadsResult, or null when it is not what was asked for. */
export const readUploadsPage = async (
  client: OssClient,
  answer: Answer,
  bucket: string,
  request: UploadsRequest,
): Promise<UploadsPage | null> => {
  const fields = await parseFields(client, answer.body)
  const truncated = textOf(fields, 'IsTruncated')
  if (fields === null || (truncated !== 'true' && truncated !== 'false')) return null
  const encoded = textOf(fields, 'EncodingType') === 'url'
  // The parser gives nothing when there is no Upload, an object when there is one, and an array when there are several.
  const uploads = [fields['Upload'] ?? []].flat().map((listed) => readUpload(listed, bucket, encoded))
  if (!areAsked(uploads, request)) return null
  if (truncated === 'false') return { uploads, next: null }
  const key = readName(fields, 'NextKeyMarker', encoded)
  const next = key === null ? null : { key, uploadId: textOf(fields, 'NextUploadIdMarker') ?? '' }
  const last = uploads.at(-1)?.key ?? ''
  // A marker that does not move would make us list forever, and a marker that lies before what was shown would show it
  // again.
  const moves = next !== null && isBehind(next, request.after ?? { key: '', uploadId: '' })
  return moves && compareBytes(next.key, last) >= 0 ? { uploads, next } : null
}
