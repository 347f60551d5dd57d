import { checkBucketName } from './address.js'
import { type Call, type Operation, requireBucket } from './operation.js'
import { OssError } from './oss-error.js'
import { readNumber } from './page.js'
import { compareKeys } from './stored.js'
import { type XmlElement, xmlInstant } from './xml.js'

const owner: XmlElement = [
  'Owner',
  [
    ['ID', 'longshore'],
    ['DisplayName', 'longshore'],
  ],
]

const describeBucket = (call: Call, name: string, createdAt: number): readonly XmlElement[] => {
  const endpoint = call.origin.replace(/^https?:\/\//, '')
  return [
    ['CreationDate', xmlInstant(createdAt)],
    ['ExtranetEndpoint', endpoint],
    ['IntranetEndpoint', endpoint],
    ['Location', `oss-${call.region}`],
    ['Name', name],
    ['Region', call.region],
    ['StorageClass', 'Standard'],
  ]
}

export const listBuckets: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const { query, storage } = call
    const prefix = query.get('prefix') ?? ''
    const marker = query.get('marker') ?? ''
    const max = readNumber(query, 'max-keys', 1, 1000, 100)
    const found = [...storage.buckets()]
      .sort((a, b) => compareKeys(a.name, b.name))
      .filter(({ name }) => name.startsWith(prefix) && name > marker)
    const page = found.slice(0, max)
    const isTruncated = found.length > page.length
    const paging: readonly XmlElement[] = [
      ['Prefix', prefix],
      ['Marker', marker],
      ['MaxKeys', max],
      ['IsTruncated', isTruncated],
      ...(isTruncated ? [['NextMarker', page.at(-1)?.name ?? ''] as const] : []),
    ]
    const buckets = page.map(({ name, createdAt }): XmlElement => ['Bucket', describeBucket(call, name, createdAt)])
    return { status: 200, xml: ['ListAllMyBucketsResult', [owner, ['Buckets', buckets], ...paging]] }
  },
}

/**
 * Refuses other buckets, because every bucket here is private and of the class Standard. The emulator must not accept
 * another setting and then ignore it.
 */
const refuseOtherBuckets = (call: Call, text: string): void => {
  const acl = String(call.headers['x-oss-acl'] ?? 'private')
  const storageClass = /<StorageClass>\s*([^<]*?)\s*<\/StorageClass>/.exec(text)?.[1] ?? 'Standard'
  if (acl === 'private' && storageClass === 'Standard') return
  throw new OssError('NotImplemented', {
    message: `The development server has private buckets of the class Standard only, not ${acl} and ${storageClass}.`,
  })
}

/** Making a bucket that the caller already owns is not an error in OSS. */
export const putBucket: Operation = {
  body: 'text',
  changes: true,
  apply: (call, text) => {
    checkBucketName(call.bucket)
    refuseOtherBuckets(call, text)
    if (call.storage.bucket(call.bucket) === undefined) {
      call.storage.commit({ type: 'bucket', bucket: call.bucket, createdAt: call.now() })
    }
    return { status: 200, headers: { location: `/${call.bucket}` } }
  },
}

export const headBucket: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    requireBucket(call)
    return { status: 200, headers: { 'x-oss-bucket-region': `oss-${call.region}` } }
  },
}

export const deleteBucket: Operation = {
  body: 'none',
  changes: true,
  apply: (call) => {
    const bucket = requireBucket(call)
    if (bucket.keys().length > 0 || bucket.uploads().length > 0) {
      throw new OssError('BucketNotEmpty', { elements: { BucketName: call.bucket } })
    }
    call.storage.commit({ type: 'bucket-deleted', bucket: call.bucket })
    return { status: 204 }
  },
}

export const getBucketInfo: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const { createdAt } = requireBucket(call)
    const bucket: XmlElement = [
      'Bucket',
      [...describeBucket(call, call.bucket, createdAt), owner, ['AccessControlList', [['Grant', 'private']]]],
    ]
    return { status: 200, xml: ['BucketInfo', [bucket]] }
  },
}

export const getBucketLocation: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    requireBucket(call)
    return { status: 200, xml: ['LocationConstraint', `oss-${call.region}`] }
  },
}

export const getBucketAcl: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    requireBucket(call)
    return { status: 200, xml: ['AccessControlPolicy', [owner, ['AccessControlList', [['Grant', 'private']]]]] }
  },
}

/** No bucket of the emulator has rules. */
export const getBucketLifecycle: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    requireBucket(call)
    throw new OssError('NoSuchLifecycle')
  },
}
