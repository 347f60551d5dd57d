import type { IncomingHttpHeaders } from 'node:http'
import type { Query } from './address.js'
import type { BucketStore, OpenUpload } from './bucket-store.js'
import { readCallback } from './callback.js'
import { OssError } from './oss-error.js'
import type { ReceivedData } from './request-body.js'
import type { Storage } from './storage.js'
import type { StoredObject } from './stored.js'
import type { XmlElement } from './xml.js'

/** A signed request, as operations see it. `bucket` and `key` are empty where the address has none. */
export interface Call {
  readonly storage: Storage
  readonly bucket: string
  readonly key: string
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** For answers that name their own address. */
  readonly origin: string
  readonly region: string
}

/** Bytes of a stored object to send: `length` of them from `start`. */
export interface ObjectRange {
  readonly object: StoredObject
  readonly start: number
  readonly length: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly xml?: XmlElement
  /** In place of `xml`: a body that somebody else wrote. */
  readonly text?: { readonly contentType: string; readonly body: string }
  readonly range?: ObjectRange
}

/**
 * One operation of OSS. `admit` refuses before the body is read what can be refused by then; `apply` does it, in one
 * synchronous step, so that no two requests can come between check and effect.
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

/** The open upload that `uploadId` names. An upload of another key is none. */
export const requireUpload = (call: Call): OpenUpload => {
  const uploadId = call.query.get('uploadId') ?? ''
  const upload = requireBucket(call).upload(uploadId)
  if (upload === undefined || upload.key !== call.key) {
    throw new OssError('NoSuchUpload', { elements: { UploadId: uploadId } })
  }
  return upload
}

/** `x-oss-forbid-overwrite: true` and the object is there: FileAlreadyExists. */
export const checkOverwrite = (call: Call): void => {
  const forbidden = String(call.headers['x-oss-forbid-overwrite'] ?? '').toLowerCase() === 'true'
  if (forbidden && requireBucket(call).object(call.key) !== undefined) throw new OssError('FileAlreadyExists')
}

/**
 * Headers that would change what the call does, in ways the emulator does not have. `callsBack`: it makes an object, after
 * which somebody may be called; throws what OSS would refuse of that.
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
