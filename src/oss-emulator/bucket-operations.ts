import { checkBucketName } from './address.js'
import { type Operation, requireBucket } from './operation.js'
import { OssError } from './oss-error.js'
import type { XmlElement } from './xml.js'

const owner: XmlElement = [
  'Owner',
  [
    ['ID', 'longshore'],
    ['DisplayName', 'longshore'],
  ],
]

const describeBucket = (name: string, createdAt: number, region: string): readonly XmlElement[] => [
  ['CreationDate', new Date(createdAt).toISOString()],
  ['Location', `oss-${region}`],
  ['Name', name],
  ['StorageClass', 'Standard'],
]

export const listBuckets: Operation = {
  body: 'none',
  changes: false,
  apply: (call) => {
    const buckets = call.storage.buckets().map(({ name, createdAt }): XmlElement => {
      return ['Bucket', describeBucket(name, createdAt, call.region)]
    })
    return { status: 200, xml: ['ListAllMyBucketsResult', [owner, ['Buckets', buckets]]] }
  },
}

/** Making a bucket that one already owns is no error in OSS. */
export const putBucket: Operation = {
  body: 'text',
  changes: true,
  apply: (call) => {
    checkBucketName(call.bucket)
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
      [
        ...describeBucket(call.bucket, createdAt, call.region),
        ['ExtranetEndpoint', call.origin.replace(/^https?:\/\//, '')],
        ['IntranetEndpoint', call.origin.replace(/^https?:\/\//, '')],
        owner,
        ['AccessControlList', [['Grant', 'private']]],
      ],
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
