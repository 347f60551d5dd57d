import {
  deleteBucket,
  getBucketAcl,
  getBucketInfo,
  getBucketLifecycle,
  getBucketLocation,
  headBucket,
  listBuckets,
  putBucket,
} from './bucket-operations.js'
import { listMultipartUploads, listObjects, listObjectsV2 } from './list-operations.js'
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  listParts,
  uploadPart,
} from './multipart-operations.js'
import {
  deleteObject,
  deleteObjectTagging,
  getObject,
  getObjectAcl,
  getObjectMeta,
  getObjectTagging,
  headObject,
  putObject,
  putObjectAcl,
  putObjectTagging,
} from './object-operations.js'
import type { Operation } from './operation.js'
import type { OperationName } from './operation-name.js'
import { OssError } from './oss-error.js'

const unknown: Operation = {
  body: 'none',
  changes: false,
  apply: ({ query }) => {
    const asked = [...query.keys()].join(', ')
    throw new OssError('NotImplemented', {
      message: `The development server does not know this request${asked === '' ? '' : ` with ?${asked}`}.`,
    })
  },
}

export const operations: Readonly<Record<OperationName, Operation>> = {
  ListBuckets: listBuckets,
  PutBucket: putBucket,
  HeadBucket: headBucket,
  DeleteBucket: deleteBucket,
  GetBucketInfo: getBucketInfo,
  GetBucketLocation: getBucketLocation,
  GetBucketAcl: getBucketAcl,
  GetBucketLifecycle: getBucketLifecycle,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListMultipartUploads: listMultipartUploads,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  GetObjectMeta: getObjectMeta,
  DeleteObject: deleteObject,
  PutObjectTagging: putObjectTagging,
  GetObjectTagging: getObjectTagging,
  DeleteObjectTagging: deleteObjectTagging,
  PutObjectAcl: putObjectAcl,
  GetObjectAcl: getObjectAcl,
  InitiateMultipartUpload: initiateMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  Unknown: unknown,
}
