import type { Callback } from '../core/callback.js'
import type { JobTarget } from '../core/job.js'
import type { JobPace } from './pacer.js'
import type { ByteRange } from './source.js'

/** Who pays for the requests to a bucket whose owner does not. */
export type Payer = 'requester'

export interface ObjectRef {
  readonly bucket: string
  readonly key: string
  /** Sent as `x-oss-request-payer` with every call; absent: the owner of the bucket pays. */
  readonly payer?: Payer
}

export interface UploadRef extends ObjectRef {
  readonly uploadId: string
}

/** What the caller wants the object to be. The adapter routes each header to the calls that may carry it. */
export interface ObjectOptions {
  /** The user's headers, already validated; names in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** Sent as `x-oss-meta-longshore-upload`; null sends none. */
  readonly marker: string | null
  /** `x-oss-forbid-overwrite: true`. */
  readonly forbidOverwrite: boolean
  /** Initiate in sequential mode. */
  readonly sequential: boolean
  /** Whom OSS calls once the object is there; absent: nobody. */
  readonly callback?: Callback
}

/** Bytes that OSS acknowledged. `serverCrc64` is null when its answer carried none; when present it equals `crc64`. */
export interface SentBytes {
  readonly size: number
  readonly etag: string
  readonly crc64: string
  readonly serverCrc64: string | null
  readonly requestId: string | null
}

export interface SendOptions {
  readonly signal: AbortSignal
  /** Bytes of this request handed to the socket so far; called at most a few times a second, and never after the promise settled. */
  onProgress(bytesSent: number): void
  /** Of the job whose bytes these are. Absent: only the pace of everything counts. */
  readonly pace?: Pick<JobPace, 'account' | 'enter'>
}

/** A part as ListParts shows it. `crc64` is null when OSS gives none. */
export interface ListedPart {
  readonly partNumber: number
  readonly size: number
  readonly etag: string
  readonly crc64: string | null
}

/** A multipart upload that is neither completed nor aborted. */
export interface OpenUpload extends UploadRef {
  /** By OSS's clock. */
  readonly initiatedAt: number
}

/** A place in a list of uploads, which go by key (bytes of UTF-8), then by upload id. */
export interface UploadMarker {
  readonly key: string
  readonly uploadId: string
}

export interface UploadsRequest {
  /** As an ObjectRef has it. */
  readonly payer?: Payer
  /** Of the keys; empty for all. */
  readonly prefix: string
  /** Null for the first page. */
  readonly after: UploadMarker | null
  /** 1..1000. */
  readonly limit: number
}

export interface UploadsPage {
  readonly uploads: readonly OpenUpload[]
  /** Where the next page begins; null at the end. Always behind `after`. */
  readonly next: UploadMarker | null
}

export interface CompletedObject {
  readonly etag: string
  readonly serverCrc64: string | null
  readonly versionId: string | null
  readonly requestId: string | null
}

/** An object as HEAD shows it. */
export interface StoredObject extends CompletedObject {
  readonly size: number
  readonly marker: string | null
}

/**
 * OSS, as the engine needs it. Every method makes one request (listParts: one per page) and settles only when nothing of
 * it is in flight any more, but for a read of the source that hangs (Failure `stalled`). Each throws Failure as the classifier decides, or the signal's reason when aborted. None
 * retries, except one replay after the adapter refreshed credentials or corrected its signing clock.
 */
export interface Target {
  initiate(
    object: ObjectRef,
    objectOptions: ObjectOptions,
    signal: AbortSignal,
  ): Promise<{ uploadId: string; requestId: string | null }>
  /** Sends exactly `range.length` bytes. Throws Failure `integrity` when OSS's CRC-64 differs, `changed` when the file is shorter. */
  uploadPart(
    upload: UploadRef,
    partNumber: number,
    range: ByteRange,
    objectOptions: ObjectOptions,
    options: SendOptions,
  ): Promise<SentBytes>
  /**
   * PutObject. With a callback the answer is the callback's own: `etag` is empty and `serverCrc64` null where its headers
   * hold none, so look by `head`; Failure `permanent` with `callback_failed` means that the object is there. `confirm` is awaited before the last bytes are sent: when it throws, the request is torn down and no
   * object is made, so a file that changes while it is sent is never stored.
   */
  putObject(
    object: ObjectRef,
    range: ByteRange,
    objectOptions: ObjectOptions,
    options: SendOptions & { confirm(): Promise<void> },
  ): Promise<SentBytes & { readonly versionId: string | null }>
  /** All parts, every page, in order. */
  listParts(upload: UploadRef, signal: AbortSignal): Promise<readonly ListedPart[]>
  /** One page of a bucket's open uploads. Their keys are whatever anybody chose: not all can be used with this port. */
  listUploads(bucket: string, request: UploadsRequest, signal: AbortSignal): Promise<UploadsPage>
  /** Throws Failure `ambiguous` whenever the answer does not prove success. With a callback: as `putObject`. */
  complete(
    upload: UploadRef,
    parts: readonly { readonly partNumber: number; readonly etag: string }[],
    objectOptions: ObjectOptions,
    signal: AbortSignal,
  ): Promise<CompletedObject>
  /**
   * `gone`: OSS knew no such upload, which proves that nothing of it is left. After `aborted` parts that were in flight may
   * still be there.
   */
  abort(upload: UploadRef, signal: AbortSignal): Promise<'aborted' | 'gone'>
  /** Null when there is no such object; a missing bucket is a Failure. */
  head(object: ObjectRef, signal: AbortSignal): Promise<StoredObject | null>
  close(): Promise<void>
}

/** A Target for the endpoint and region that a job was accepted for, so that a changed setting never moves an upload. */
export interface Targets {
  for(target: Pick<JobTarget, 'endpoint' | 'region'>): Target
  close(): Promise<void>
}
