import type { Callback } from '../core/callback.js'
import type { Fingerprint, JobTarget } from '../core/job.js'
import type { JobPace } from './pacer.js'
import type { ByteRange } from './source.js'

/** This says who pays for the requests to a bucket whose owner does not. */
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

/** This is what the caller wants the object to be. The adapter routes each header to the calls that may carry it. */
export interface ObjectOptions {
  /** These are the headers of the user, already validated. Their names are in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** This is sent as `x-oss-meta-longshore-upload`; null sends none. */
  readonly marker: string | null
  /** Sends `x-oss-forbid-overwrite: true`. */
  readonly forbidOverwrite: boolean
  /** Initiates the upload in sequential mode. */
  readonly sequential: boolean
  /** This says whom OSS calls once the object is there. When it is absent, OSS calls no server. */
  readonly callback?: Callback
}

/** OSS acknowledged these bytes. `serverCrc64` is null when its answer carried none; otherwise it equals `crc64`. */
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
  /** This is the pace of the job whose bytes these are. When it is absent, only the pace of everything counts. */
  readonly pace?: Pick<JobPace, 'account' | 'enter'>
}

/** A small file of which PutObject makes an object. */
export interface FileToPut {
  readonly object: ObjectRef
  readonly objectOptions: ObjectOptions
  readonly path: string
  /** The file must be exactly so when it is opened, and again when all of it has been read. */
  readonly fingerprint: Fingerprint
  /** These real paths narrow the roots. */
  readonly within?: readonly string[]
}

/** How one of several small files went. */
export type FilePut =
  /** OSS proved by its CRC-64 that it holds exactly these bytes. */
  | ({ readonly is: 'put'; readonly versionId: string | null; readonly ms: number } & SentBytes)
  /** No request was made for it. `isSkipped` says that it was not even looked at. */
  | { readonly is: 'unsent'; readonly why: string; readonly isSkipped: boolean }
  /** It is not proven. When it `mayBeMade`, OSS may have made the object nevertheless. */
  | { readonly is: 'unproven'; readonly why: string; readonly mayBeMade: boolean; readonly ms: number }

export interface PutFilesOptions {
  readonly signal: AbortSignal
  /** Once either clock is past this instant, no file is begun any more. */
  readonly until: { readonly monotonic: number; readonly wall: number }
}

/** This is a part as ListParts shows it. `crc64` is null when OSS gives none. */
export interface ListedPart {
  readonly partNumber: number
  readonly size: number
  readonly etag: string
  readonly crc64: string | null
}

/** This is a multipart upload that is neither completed nor aborted. */
export interface OpenUpload extends UploadRef {
  /** This is the instant by OSS's clock. */
  readonly initiatedAt: number
}

/** This is a position in a list of uploads. The list goes by key (bytes of UTF-8), then by upload id. */
export interface UploadMarker {
  readonly key: string
  readonly uploadId: string
}

export interface UploadsRequest {
  /** This is the payer, as an ObjectRef has it. */
  readonly payer?: Payer
  /** This is the prefix of the keys. It is empty for all keys. */
  readonly prefix: string
  /** The page begins behind this position. It is null for the first page. */
  readonly after: UploadMarker | null
  /** The page holds at most so many uploads, 1..1000. */
  readonly limit: number
}

export interface UploadsPage {
  readonly uploads: readonly OpenUpload[]
  /** The next page begins at this position, which is always behind `after`. It is null at the end. */
  readonly next: UploadMarker | null
}

export interface CompletedObject {
  readonly etag: string
  readonly serverCrc64: string | null
  readonly versionId: string | null
  readonly requestId: string | null
}

/** This is an object as HEAD shows it. */
export interface StoredObject extends CompletedObject {
  readonly size: number
  readonly marker: string | null
}

/**
 * This is OSS as the engine needs it. Every method makes one request (listParts makes one per page) and settles only
 * when nothing of it is in flight any more, except a read of the source that hangs (Failure `stalled`). Each throws a
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
  /**
   * Puts small files, of up to 256 KiB each, one after another. Each is read whole and looked at once more before its
   * first byte is sent, so a file that changes is never stored. Returns how each went, in their order. A file that it
   * does not send or prove, for whatever reason, is one for `putObject`, which says why and tries again. It does not
   * throw.
   */
  putFiles(files: readonly FileToPut[], options: PutFilesOptions): Promise<readonly FilePut[]>
  /** Returns all parts of every page, in order. */
  listParts(upload: UploadRef, signal: AbortSignal): Promise<readonly ListedPart[]>
  /**
   * Returns one page of the open uploads of a bucket. Any program may have chosen their keys, so not all of them can be
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
