import type { Address } from './address.js'

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

/**
 * A row holds the method, the sub-resource that tells operations of one method apart, the operation, and what else may
 * stand in its query. The first row whose method and sub-resource fit is taken.
 */
type Row = readonly [method: string, subResource: string | null, name: OperationName, parameters?: readonly string[]]

const serviceRows: readonly Row[] = [['GET', null, 'ListBuckets', ['prefix', 'marker', 'max-keys']]]

const listParameters = ['prefix', 'delimiter', 'max-keys', 'encoding-type']

const bucketRows: readonly Row[] = [
  [
    'GET',
    'uploads',
    'ListMultipartUploads',
    ['prefix', 'delimiter', 'max-uploads', 'encoding-type', 'key-marker', 'upload-id-marker'],
  ],
  ['GET', 'bucketInfo', 'GetBucketInfo'],
  ['GET', 'location', 'GetBucketLocation'],
  ['GET', 'acl', 'GetBucketAcl'],
  ['GET', 'lifecycle', 'GetBucketLifecycle'],
  ['GET', 'list-type', 'ListObjectsV2', [...listParameters, 'continuation-token', 'start-after', 'fetch-owner']],
  ['GET', null, 'ListObjects', [...listParameters, 'marker']],
  ['HEAD', null, 'HeadBucket'],
  ['PUT', null, 'PutBucket'],
  ['DELETE', null, 'DeleteBucket'],
]

const responseHeaders = ['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition']
const getParameters = [...responseHeaders, 'content-encoding'].map((name) => `response-${name}`)

const objectRows: readonly Row[] = [
  ['POST', 'uploads', 'InitiateMultipartUpload', ['sequential', 'encoding-type']],
  ['POST', 'uploadId', 'CompleteMultipartUpload', ['encoding-type']],
  ['PUT', 'uploadId', 'UploadPart', ['partNumber']],
  ['PUT', 'tagging', 'PutObjectTagging'],
  ['PUT', 'acl', 'PutObjectAcl'],
  ['PUT', null, 'PutObject'],
  ['GET', 'uploadId', 'ListParts', ['max-parts', 'part-number-marker', 'encoding-type']],
  ['GET', 'tagging', 'GetObjectTagging'],
  ['GET', 'acl', 'GetObjectAcl'],
  ['GET', null, 'GetObject', getParameters],
  ['HEAD', 'objectMeta', 'GetObjectMeta'],
  ['HEAD', null, 'HeadObject'],
  ['DELETE', 'uploadId', 'AbortMultipartUpload'],
  ['DELETE', 'tagging', 'DeleteObjectTagging'],
  ['DELETE', null, 'DeleteObject'],
]

/** Returns whether a parameter belongs to a signature in the query. The check of signatures decides about these. */
const isOfSignature = (name: string): boolean =>
  /^x-oss-(signature(-version)?|credential|date|expires|additional-headers|security-token)$/.test(name) ||
  ['OSSAccessKeyId', 'Signature', 'Expires', 'security-token'].includes(name)

/**
 * Returns the operation that a request asks for, and `Unknown` for operations that the emulator does not have.
 * Everything in the query must be known for that operation, because taking `DELETE /bucket?tagging` for `DELETE
 * /bucket` would be worse than any refusal.
 */
export const nameOperation = (method: string, { bucket, key, query }: Address): OperationName => {
  const rows = bucket === null ? serviceRows : key === null ? bucketRows : objectRows
  const row = rows.find(([rowMethod, name]) => rowMethod === method && (name === null || query.has(name)))
  if (row === undefined) return 'Unknown'
  const [, subResource, name, parameters = []] = row
  const isKnown = (asked: string): boolean =>
    asked === subResource || parameters.includes(asked) || isOfSignature(asked)
  return [...query.keys()].every(isKnown) ? name : 'Unknown'
}
