import { createHash, randomBytes } from 'node:crypto'
import { checkKey } from './address.js'
import type { OpenUpload } from './bucket-store.js'
import { joinCrc64 } from './crc64.js'
import { describeEncryption, readAcl, readMetadata } from './object-metadata.js'
import { describeData } from './object-operations.js'
import {
  type Call,
  checkOverwrite,
  type Operation,
  refuseUnknownWork,
  requireBucket,
  requireUpload,
} from './operation.js'
import { invalidArgument, OssError } from './oss-error.js'
import { readEncoding, readNumber } from './page.js'
import type { StoredObject, StoredPart, StoredUpload } from './stored.js'
import { type NamedPart, parseCompleteBody, type XmlElement, xmlInstant } from './xml.js'

const maxPartNumber = 10_000
/** Every part but the last must be at least this long. This is checked when the upload is completed. */
const minPartBytes = 100 * 1024

/**
 * Returns 32 hex digits, as OSS does. They begin with the time, so uploads of one key are listed in the order in which
 * they began.
 */
const newUploadId = (now: number): string =>
  (now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex')).toUpperCase()

export const initiateMultipartUpload: Operation = {
  body: 'none',
  changes: true,
  apply: (call) => {
    requireBucket(call)
    checkKey(call.key)
    refuseUnknownWork(call)
    checkOverwrite(call)
    const uploadId = newUploadId(call.now())
    const upload: StoredUpload = {
      ...readMetadata(call.headers),
      uploadId,
      key: call.key,
      initiatedAt: call.now(),
      sequential: call.query.has('sequential'),
    }
    call.storage.commit({ type: 'upload', bucket: call.bucket, upload })
    const encode = readEncoding(call.query)
    return {
      status: 200,
      headers: describeEncryption(upload.headers),
      xml: [
        'InitiateMultipartUploadResult',
        [
          call.query.has('encoding-type') ? ['EncodingType', 'url'] : undefined,
          ['Bucket', call.bucket],
          ['Key', encode(call.key)],
          ['UploadId', uploadId],
        ],
      ],
    }
  },
}

const readPartNumber = (call: Call): number => {
  const text = call.query.get('partNumber') ?? null
  if (text === null) {
    throw invalidArgument('ResourceType', 'partNumber', 'Unexpected query string parameter', '0017-00000219')
  }
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (partNumber >= 1 && partNumber <= maxPartNumber) return partNumber
  const message = `Part number must be an integer between 1 and ${maxPartNumber}, inclusive.`
  throw invalidArgument('PartNumber', text, message, '0017-00000220')
}

/** Checks that a sequential upload gets the part after its last one and no other. */
const checkSequence = (upload: OpenUpload, partNumber: number): void => {
  if (!upload.sequential) return
  const stored = upload.parts.get(partNumber)
  if (stored !== undefined) {
    throw new OssError('PartAlreadyExist', {
      elements: { ObjectName: upload.key, PartNumber: partNumber, PartEtag: `"${stored.etag}"` },
    })
  }
  if (partNumber !== upload.parts.size + 1) {
    throw new OssError('PartNotSequential', { elements: { ObjectName: upload.key, PartNumber: partNumber } })
  }
}

export const uploadPart: Operation = {
  body: 'data',
  changes: true,
  admit: (call) => {
    const upload = requireUpload(call)
    refuseUnknownWork(call)
    for (const name of ['x-oss-server-side-encryption', 'x-oss-server-side-encryption-key-id']) {
      const value = call.headers[name]
      if (value !== undefined) {
        throw invalidArgument(name, String(value), `${name} is not allowed for UploadPart; set it when initiating.`)
      }
    }
    checkSequence(upload, readPartNumber(call))
  },
  apply: (call, data) => {
    const partNumber = readPartNumber(call)
    const upload = requireUpload(call)
    checkSequence(upload, partNumber)
    const part: StoredPart = {
      ...data.segment,
      partNumber,
      etag: data.md5.toString('hex').toUpperCase(),
      crc64: data.crc64.toString(),
      uploadedAt: call.now(),
    }
    call.storage.commit({ type: 'part', bucket: call.bucket, uploadId: upload.uploadId, part })
    return { status: 200, headers: { ...describeData(data), ...describeEncryption(upload.headers) } }
  },
}

export const listParts: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const upload = requireUpload(call)
    const encode = readEncoding(call.query)
    const marker = readNumber(call.query, 'part-number-marker', 0, maxPartNumber, 0)
    const max = readNumber(call.query, 'max-parts', 1, 1000, 1000)
    const rest = [...upload.parts.values()]
      .filter(({ partNumber }) => partNumber > marker)
      .sort((a, b) => a.partNumber - b.partNumber)
    const page = rest.slice(0, max)
    return {
      status: 200,
      xml: [
        'ListPartsResult',
        [
          call.query.has('encoding-type') ? ['EncodingType', 'url'] : undefined,
          ['Bucket', call.bucket],
          ['Key', encode(upload.key)],
          ['UploadId', upload.uploadId],
          ['StorageClass', upload.storageClass],
          ['PartNumberMarker', marker],
          ['NextPartNumberMarker', page.at(-1)?.partNumber ?? marker],
          ['MaxParts', max],
          ['IsTruncated', rest.length > page.length],
          ...page.map((part): XmlElement => {
            return [
              'Part',
              [
                ['PartNumber', part.partNumber],
                ['LastModified', xmlInstant(part.uploadedAt)],
                ['ETag', `"${part.etag}"`],
                ['HashCrc64ecma', part.crc64],
                ['Size', part.size],
              ],
            ]
          }),
        ],
      ],
    }
  },
}

/** Returns the stored parts that a Complete names, in its order. It throws whatever is wrong with its list. */
const chooseParts = (upload: OpenUpload, named: readonly NamedPart[]): readonly StoredPart[] => {
  named.forEach(({ partNumber }, index) => {
    if (index > 0 && partNumber <= (named[index - 1]?.partNumber ?? 0)) throw new OssError('InvalidPartOrder')
  })
  const chosen = named.map(({ partNumber, etag }) => {
    const part = upload.parts.get(partNumber)
    if (part === undefined || part.etag !== etag) {
      throw new OssError('InvalidPart', {
        elements: { UploadId: upload.uploadId, PartNumber: partNumber, ETag: `"${etag}"` },
      })
    }
    return part
  })
  for (const { partNumber, size } of chosen.slice(0, -1)) {
    if (size >= minPartBytes) continue
    throw new OssError('EntityTooSmall', {
      elements: { MinSizeAllowed: minPartBytes, ProposedSize: size, PartNumber: partNumber },
    })
  }
  return chosen
}

export const completeMultipartUpload: Operation = {
  body: 'text',
  changes: true,
  apply: (call, text) => {
    const upload = requireUpload(call)
    refuseUnknownWork(call, true)
    const encode = readEncoding(call.query)
    const acl = readAcl(call.headers)
    const parts = chooseParts(upload, parseCompleteBody(text))
    checkOverwrite(call)

    const md5s = createHash('md5')
    for (const { etag } of parts) md5s.update(etag, 'hex')
    const etag = `${md5s.digest('hex').toUpperCase()}-${parts.length}`
    const crc64 = joinCrc64(parts.map((part) => ({ crc64: BigInt(part.crc64), size: part.size }))).toString()
    const object: StoredObject = {
      headers: upload.headers,
      storageClass: upload.storageClass,
      tags: upload.tags,
      key: upload.key,
      type: 'Multipart',
      acl,
      segments: parts.map(({ file, offset, size }) => ({ file, offset, size })),
      size: parts.reduce((sum, { size }) => sum + size, 0),
      etag,
      crc64,
      modifiedAt: call.now(),
      uploadId: upload.uploadId,
    }
    call.storage.commit({ type: 'object', bucket: call.bucket, object })
    return {
      status: 200,
      headers: { etag: `"${etag}"`, 'x-oss-hash-crc64ecma': crc64, ...describeEncryption(upload.headers) },
      xml: [
        'CompleteMultipartUploadResult',
        [
          call.query.has('encoding-type') ? ['EncodingType', 'url'] : undefined,
          ['Location', `${call.origin}/${call.bucket}/${encodeURIComponent(call.key)}`],
          ['Bucket', call.bucket],
          ['Key', encode(call.key)],
          ['ETag', `"${etag}"`],
        ],
      ],
    }
  },
}

export const abortMultipartUpload: Operation = {
  body: 'none',
  changes: true,
  apply: (call) => {
    const { uploadId } = requireUpload(call)
    call.storage.commit({ type: 'upload-aborted', bucket: call.bucket, uploadId })
    return { status: 204 }
  },
}
