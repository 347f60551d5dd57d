import type { IncomingHttpHeaders } from 'node:http'
import { checkKey } from './address.js'
import { checkTags, describeEncryption, describeObject, readAcl, readMetadata } from './object-metadata.js'
import {
  type Answer,
  type Call,
  checkOverwrite,
  type Operation,
  refuseUnknownWork,
  requireBucket,
  requireObject,
} from './operation.js'
import { OssError } from './oss-error.js'
import { requestedRange } from './range.js'
import type { ReceivedData } from './request-body.js'
import type { StoredObject } from './stored.js'
import { parseTaggingBody, type XmlElement } from './xml.js'

/** Returns metadata of the object, with the ETag, MD5 and CRC-64 headers that answer a received body. */
export const describeData = (data: ReceivedData): Record<string, string> => ({
  etag: `"${data.md5.toString('hex').toUpperCase()}"`,
  'content-md5': data.md5.toString('base64'),
  'x-oss-hash-crc64ecma': data.crc64.toString(),
})

export const putObject: Operation = {
  body: 'data',
  changes: true,
  admit: (call) => {
    requireBucket(call)
    checkKey(call.key)
    refuseUnknownWork(call, true)
    readMetadata(call.headers)
    readAcl(call.headers)
    checkOverwrite(call)
  },
  apply: (call, data) => {
    checkOverwrite(call)
    requireBucket(call)
    const object: StoredObject = {
      ...readMetadata(call.headers),
      key: call.key,
      type: 'Normal',
      acl: readAcl(call.headers),
      segments: [data.segment],
      size: data.size,
      etag: data.md5.toString('hex').toUpperCase(),
      crc64: data.crc64.toString(),
      modifiedAt: call.now(),
      uploadId: null,
    }
    call.storage.commit({ type: 'object', bucket: call.bucket, object })
    return { status: 200, headers: { ...describeData(data), ...describeEncryption(object.headers) } }
  },
}

const listed = (header: string | undefined): readonly string[] =>
  (header ?? '').split(',').map((etag) => etag.trim().replaceAll('"', ''))

/**
 * Checks If-Match and the like. It answers 412, or 304 for a client that already has the object, and null when the
 * object must be sent.
 */
const checkConditions = (object: StoredObject, headers: IncomingHttpHeaders): Answer | null => {
  const modifiedAt = Math.floor(object.modifiedAt / 1000) * 1000
  const ifMatch = headers['if-match']
  const ifNoneMatch = headers['if-none-match']
  const since = Date.parse(headers['if-modified-since'] ?? '')
  const unmodifiedSince = Date.parse(headers['if-unmodified-since'] ?? '')
  if (ifMatch !== undefined && !listed(ifMatch).includes(object.etag)) {
    throw new OssError('PreconditionFailed', { elements: { Condition: 'If-Match' } })
  }
  if (modifiedAt > unmodifiedSince) {
    throw new OssError('PreconditionFailed', { elements: { Condition: 'If-Unmodified-Since' } })
  }
  const known = ifNoneMatch === undefined ? modifiedAt <= since : listed(ifNoneMatch).includes(object.etag)
  if (!known) return null
  return { status: 304, headers: { etag: `"${object.etag}"` } }
}

export const getObject: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const object = requireObject(call)
    if (object.storageClass.endsWith('Archive')) throw new OssError('InvalidObjectState')
    const conditional = checkConditions(object, call.headers)
    if (conditional !== null) return conditional

    const range = requestedRange(call.headers, object.size)
    const headers = describeObject(object)
    for (const [name, value] of call.query) {
      if (name.startsWith('response-') && value) headers[name.slice('response-'.length)] = value
    }
    if (range === null) return { status: 200, headers, range: { object, start: 0, length: object.size } }
    // The MD5 is that of the whole object, and a client would compare it with what it got.
    const { 'content-md5': _whole, ...partial } = headers
    return {
      status: 206,
      headers: { ...partial, 'content-range': `bytes ${range.first}-${range.last}/${object.size}` },
      range: { object, start: range.first, length: range.last - range.first + 1 },
    }
  },
}

export const headObject: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const object = requireObject(call)
    const conditional = checkConditions(object, call.headers)
    if (conditional !== null) return conditional
    return { status: 200, headers: { ...describeObject(object), 'content-length': String(object.size) } }
  },
}

export const getObjectMeta: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const object = requireObject(call)
    const described = describeObject(object)
    const names = ['etag', 'last-modified', 'x-oss-hash-crc64ecma']
    const headers = Object.fromEntries(names.map((name) => [name, described[name] ?? '']))
    return { status: 200, headers: { ...headers, 'content-length': String(object.size) } }
  },
}

/** Deleting an object that does not exist is not an error in OSS. */
export const deleteObject: Operation = {
  body: 'none',
  changes: true,
  apply: (call) => {
    requireBucket(call)
    call.storage.commit({ type: 'object-deleted', bucket: call.bucket, key: call.key })
    return { status: 204 }
  },
}

const replace = (call: Call, changes: Partial<Pick<StoredObject, 'tags' | 'acl'>>): void => {
  const object = { ...requireObject(call), ...changes }
  call.storage.commit({ type: 'object', bucket: call.bucket, object })
}

export const putObjectTagging: Operation = {
  body: 'text',
  changes: true,
  apply: (call, text) => {
    replace(call, { tags: checkTags(parseTaggingBody(text)) })
    return { status: 200 }
  },
}

export const getObjectTagging: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const tags = requireObject(call).tags.map(
      ([key, value]): XmlElement => [
        'Tag',
        [
          ['Key', key],
          ['Value', value],
        ],
      ],
    )
    return { status: 200, xml: ['Tagging', [['TagSet', tags]]] }
  },
}

export const deleteObjectTagging: Operation = {
  body: 'none',
  changes: true,
  apply: (call) => {
    replace(call, { tags: [] })
    return { status: 204 }
  },
}

export const putObjectAcl: Operation = {
  body: 'text',
  changes: true,
  apply: (call) => {
    replace(call, { acl: readAcl(call.headers) })
    return { status: 200 }
  },
}

export const getObjectAcl: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const { acl } = requireObject(call)
    const owner: XmlElement = [
      'Owner',
      [
        ['ID', 'longshore'],
        ['DisplayName', 'longshore'],
      ],
    ]
    return { status: 200, xml: ['AccessControlPolicy', [owner, ['AccessControlList', [['Grant', acl]]]]] }
  },
}
