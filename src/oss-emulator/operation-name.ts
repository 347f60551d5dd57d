import type { Address, Query } from './address.js'

export const operationNames = [
  'ListBuckets',
  'PutBucket',
  'HeadBucket',
  'DeleteBucket',
  'GetBucketInfo',
  'GetBucketLocation',
  'GetBucketAcl',
  'GetBucketLifecycle',
  'ListObjects',
  'ListObjectsV2',
  'ListMultipartUploads',
  'PutObject',
  'GetObject',
  'HeadObject',
  'GetObjectMeta',
  'DeleteObject',
  'PutObjectTagging',
  'GetObjectTagging',
  'DeleteObjectTagging',
  'PutObjectAcl',
  'GetObjectAcl',
  'InitiateMultipartUpload',
  'UploadPart',
  'ListParts',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'Unknown',
] as const
export type OperationName = (typeof operationNames)[number]

/** Method, then the sub-resource that tells operations of one method apart; the first row that fits wins. */
type Row = readonly [method: string, subResource: string | null, name: OperationName]

const bucketRows: readonly Row[] = [
  ['GET', 'uploads', 'ListMultipartUploads'],
  ['GET', 'bucketInfo', 'GetBucketInfo'],
  ['GET', 'location', 'GetBucketLocation'],
  ['GET', 'acl', 'GetBucketAcl'],
  ['GET', 'list-type', 'ListObjectsV2'],
  ['GET', null, 'ListObjects'],
  ['HEAD', null, 'HeadBucket'],
  ['PUT', null, 'PutBucket'],
  ['DELETE', null, 'DeleteBucket'],
]

const objectRows: readonly Row[] = [
  ['POST', 'uploads', 'InitiateMultipartUpload'],
  ['POST', 'uploadId', 'CompleteMultipartUpload'],
  ['PUT', 'uploadId', 'UploadPart'],
  ['PUT', 'tagging', 'PutObjectTagging'],
  ['PUT', 'acl', 'PutObjectAcl'],
  ['PUT', null, 'PutObject'],
  ['GET', 'uploadId', 'ListParts'],
  ['GET', 'tagging', 'GetObjectTagging'],
  ['GET', 'acl', 'GetObjectAcl'],
  ['GET', null, 'GetObject'],
  ['HEAD', 'objectMeta', 'GetObjectMeta'],
  ['HEAD', null, 'HeadObject'],
  ['DELETE', 'uploadId', 'AbortMultipartUpload'],
  ['DELETE', 'tagging', 'DeleteObjectTagging'],
  ['DELETE', null, 'DeleteObject'],
]

/** Sub-resources of OSS that the emulator does not have: to take them for a plain read or write would be a lie. */
const unknownSubResources = [
  'append',
  'cors',
  'delete',
  'encryption',
  'lifecycle',
  'logging',
  'policy',
  'position',
  'qos',
  'referer',
  'replication',
  'requestPayment',
  'restore',
  'symlink',
  'versionId',
  'versioning',
  'versions',
  'website',
  'x-oss-process',
  'callback',
  'worm',
  'inventory',
  'stat',
] as const

const find = (rows: readonly Row[], method: string, query: Query): OperationName =>
  rows.find(
    ([rowMethod, subResource]) => rowMethod === method && (subResource === null || query.has(subResource)),
  )?.[2] ?? 'Unknown'

/** The operation a request asks for; `Unknown` for those the emulator does not have. */
export const nameOperation = (method: string, { bucket, key, query }: Address): OperationName => {
  // Of what can be done about lifecycles only the question has an answer.
  if (method === 'GET' && bucket !== null && key === null && query.has('lifecycle')) return 'GetBucketLifecycle'
  if (unknownSubResources.some((name) => query.has(name))) return 'Unknown'
  if (bucket === null) return method === 'GET' ? 'ListBuckets' : 'Unknown'
  return find(key === null ? bucketRows : objectRows, method, query)
}
