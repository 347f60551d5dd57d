import type { Callback } from '../core/callback.js'
import type { JobTarget } from '../core/job.js'
import type { JobPace } from './pacer.js'
import type { ByteRange } from './source.js'

/** Who pays for the requests to a bucket whose owner does not. */
export type Payer = 'requester'

export interface ObjectRef {
  readonly bucket: string
  readonly key: string
  /** This is sent as `x-oss-request-payer` with every call. When it is absent, the owner of the bucket pays. */
  readonly payer?: Payer
}

export interface UploadRef extends ObjectRef {
  readonly uploadId: string
}

/** What the caller wants the object to be. The adapter routes each header to the calls that may carry it. */
export interface ObjectOptions {
  /** The headers of the user, already validated. Their names are in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** This is sent as `x-oss-meta-longshore-upload`; null sends none. */
  readonly marker: string | null
  /** Sends `x-oss-forbid-overwrite: true`. */
  readonly forbidOverwrite: boolean
  /** Initiates the upload in sequential mode. */
  readonly sequential: boolean
  /** Whom OSS calls once the object is there. When it is absent, OSS calls nobody. */
  readonly callback?: Callback
}

/** Bytes that OSS acknowledged. `serverCrc64` is null when its answer carried none; otherwise it equals `crc64`. */
export interface SentBytes {
  readonly size: number
  readonly etag: string
  readonly crc64: string
  readonly serverCrc64: string | null
  readonly requestId: string | null
}

export interface SendOptions {
  readonly signal: AbortSignal
  /**
   * Receives the bytes of this request that were handed to the socket so far. It is called at most a few times a
   * second, and never after the promise settled.
   */
  onProgress(bytesSent: number): void
  /** The pace of the job whose bytes these are. When it is absent, only the pace of everything counts. */
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
  /** The instant by OSS's clock. */
  readonly initiatedAt: number
}

/** A position in a list of uploads. The list goes by key (bytes of UTF-8), then by upload id. */
export interface UploadMarker {
  readonly key: string
  readonly uploadId: string
}

export interface UploadsRequest {
  /** The payer, as an ObjectRef has it. */
  readonly payer?: Payer
  /** The prefix of the keys. It is empty for all. */
  readonly prefix: string
  /** The position behind which the page begins; null for the first page. */
  readonly after: UploadMarker | null
  /** At most so many uploads, 1..1000. */
  readonly limit: number
}

export interface UploadsPage {
  readonly uploads: readonly OpenUpload[]
  /** The position where the next page begins; null at the end. It is always behind `after`. */
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
 * OSS, as the engine needs it. Every method makes one request (listParts makes one per page) and settles only when
 * nothing of it is in flight any more, except a read of the source that hangs (Failure `stalled`). Each throws a
 * Failure as the classifier decides, or the signal's reason when it is aborted. None retries, except for one replay
 * after the adapter refreshed credentials or corrected its signing clock.
 */
export interface Target {
  initiate(
    object: ObjectRef,
    objectOptions: ObjectOptions,
    signal: AbortSignal,
  ): Promise<{ uploadId: string; requestId: string | null }>
  /**
   * Sends exactly `range.length` bytes. Throws Failure `integrity` when OSS's CRC-64 differs, and `changed` when the
   * file is shorter.
   */
  uploadPart(
    upload: UploadRef,
    partNumber: number,
    range: ByteRange,
    objectOptions: ObjectOptions,
    options: SendOptions,
  ): Promise<SentBytes>
  /**
   * Makes the object by PutObject. With a callback the answer is the callback's own: `etag` is empty and `serverCrc64`
   * is null where its headers hold none, so look by `head`. Failure `permanent` with `callback_failed` means that the
   * object is there. `confirm` is awaited before the last bytes are sent. When it throws, the request is torn down and
   * no object is made, so a file that changes while it is sent is never stored.
   */
  putObject(
    object: ObjectRef,
    range: ByteRange,
    objectOptions: ObjectOptions,
    options: SendOptions & { confirm(): Promise<void> },
  ): Promise<SentBytes & { readonly versionId: string | null }>
  /** Returns all parts of every page, in order. */
  listParts(upload: UploadRef, signal: AbortSignal): Promise<readonly ListedPart[]>
  /**
   * Returns one page of the open uploads of a bucket. Anybody may have chosen their keys, so not all of them can be
   * used with this port.
   */
  listUploads(bucket: string, request: UploadsRequest, signal: AbortSignal): Promise<UploadsPage>
  /**
   * Completes the upload. Throws Failure `ambiguous` whenever the answer does not prove success. With a callback the
   * answer is as `putObject` says.
   */
  complete(
    upload: UploadRef,
    parts: readonly { readonly partNumber: number; readonly etag: string }[],
    objectOptions: ObjectOptions,
    signal: AbortSignal,
  ): Promise<CompletedObject>
  /**
   * Aborts the upload. `gone` means that OSS knew no such upload, which proves that nothing of it is left. After
   * `aborted`, parts that were in flight may still be there.
   */
  abort(upload: UploadRef, signal: AbortSignal): Promise<'aborted' | 'gone'>
  /** Returns null when there is no such object. A missing bucket is a Failure. */
  head(object: ObjectRef, signal: AbortSignal): Promise<StoredObject | null>
  close(): Promise<void>
}

/**
 * Returns a Target for the endpoint and region that a job was accepted for, so that a changed setting never moves an
 * upload.
 */
export interface Targets {
  for(target: Pick<JobTarget, 'endpoint' | 'region'>): Target
  close(): Promise<void>
}
