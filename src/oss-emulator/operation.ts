import type { IncomingHttpHeaders } from 'node:http'
import type { Query } from './address.js'
import type { BucketStore, OpenUpload } from './bucket-store.js'
import { readCallback } from './callback.js'
import { OssError } from './oss-error.js'
import type { ReceivedData } from './request-body.js'
import type { Storage } from './storage.js'
import type { StoredObject } from './stored.js'
import type { XmlElement } from './xml.js'

/** This is a signed request, as operations see it. `bucket` and `key` are empty where the address has none. */
export interface Call {
  readonly storage: Storage
  readonly bucket: string
  readonly key: string
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  /** Returns milliseconds since the epoch. */
  readonly now: () => number
  /** Answers that name their own address use this origin. */
  readonly origin: string
  readonly region: string
}

/** These are the bytes of a stored object to send: `length` of them from `start`. */
export interface ObjectRange {
  readonly object: StoredObject
  readonly start: number
  readonly length: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly xml?: XmlElement
  /** This takes the place of `xml`: a body that another server wrote. */
  readonly text?: { readonly contentType: string; readonly body: string }
  readonly range?: ObjectRange
}

/**
 * This is one operation of OSS. `admit` refuses before the body is read what can be refused by then. `apply` does the
 * work in one synchronous step, so that no two requests can come between check and effect.
 */
export type Operation = { readonly changes: boolean } & (
  | { readonly body: 'none'; apply(call: Call): Answer }
  | { readonly body: 'text'; apply(call: Call, text: string): Answer }
  | { readonly body: 'data'; admit(call: Call): void; apply(call: Call, data: ReceivedData): Answer }
)

export const requireBucket = (call: Call): BucketStore => {
  const bucket = call.storage.bucket(call.bucket)
  if (bucket === undefined) throw new OssError('NoSuchBucket', { elements: { BucketName: call.bucket } })
  return bucket
}

export const requireObject = (call: Call): StoredObject => {
  const object = requireBucket(call).object(call.key)
  if (object === undefined) throw new OssError('NoSuchKey', { elements: { Key: call.key } })
  return object
}

/** Returns the open upload that `uploadId` names. An upload of another key does not count. */
export const requireUpload = (call: Call): OpenUpload => {
  const uploadId = call.query.get('uploadId') ?? ''
  const upload = requireBucket(call).upload(uploadId)
  if (upload === undefined || upload.key !== call.key) {
    throw new OssError('NoSuchUpload', { elements: { UploadId: uploadId } })
  }
  return upload
}

/** Throws FileAlreadyExists when `x-oss-forbid-overwrite: true` is set and the object exists. */
export const checkOverwrite = (call: Call): void => {
  const forbidden = String(call.headers['x-oss-forbid-overwrite'] ?? '').toLowerCase() === 'true'
  if (forbidden && requireBucket(call).object(call.key) !== undefined) throw new OssError('FileAlreadyExists')
}

/**
 * Refuses headers that would change what the call does, in ways that the emulator does not have. `callsBack` means that
 * the call makes an object, after which a callback may follow. It throws what OSS would refuse of that callback.
 */
export const refuseUnknownWork = (call: Call, callsBack = false): void => {
  if (callsBack) readCallback(call.headers)
  const unknown = callsBack ? [] : ['x-oss-callback']
  for (const name of [...unknown, 'x-oss-copy-source', 'x-oss-symlink-target']) {
    if (call.headers[name] !== undefined) {
      throw new OssError('NotImplemented', { message: `The emulator does not know ${name}.` })
    }
  }
}
