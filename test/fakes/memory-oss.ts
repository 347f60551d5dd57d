import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import type { Fingerprint } from '../../src/core/job.js'
import type { ByteRange } from '../../src/ports/source.js'
import type {
  FilePut,
  FileToPut,
  ObjectOptions,
  ObjectRef,
  SendOptions,
  StoredObject,
  Target,
  UploadMarker,
  UploadRef,
} from '../../src/ports/target.js'

export type OssCall =
  | 'initiate'
  | 'uploadPart'
  | 'putObject'
  | 'listParts'
  | 'listUploads'
  | 'complete'
  | 'abort'
  | 'head'

export interface CallInfo {
  readonly call: OssCall
  readonly bucket: string
  /** This is null for a call that concerns the bucket. */
  readonly key: string | null
  readonly uploadId: string | null
  /** This is the mark that its job puts on what this call makes. */
  readonly marker: string | null
  readonly partNumber: number | null
  /** This is 1 for the first call of its kind. */
  readonly nth: number
}

/** This says what a test does to a call: throw before it takes effect, or after it (`lost answer`). */
export interface Faults {
  before?(info: CallInfo, signal: AbortSignal): void | Promise<void>
  after?(info: CallInfo, signal: AbortSignal): void | Promise<void>
}

interface OpenUpload {
  readonly ref: UploadRef
  readonly objectOptions: ObjectOptions
  readonly parts: Map<number, Buffer>
  readonly initiatedAt: number
}

export interface MemoryOss extends Target {
  readonly objects: Map<string, { bytes: Buffer; marker: string | null }>
  readonly uploads: Map<string, OpenUpload>
  /** These are all calls that were made, in order. */
  readonly calls: CallInfo[]
  faults: Faults
  /** When this is true, answers hold no CRC-64, as is so at some endpoints. */
  withoutCrc: boolean
}

const nameOf = ({ bucket, key }: ObjectRef): string => `${bucket}/${key}`

/** The CRC-64 of what is stored is computed once, because what is stored is never changed in place. */
const known = new WeakMap<Buffer, bigint>()
const storedCrc64 = (bytes: Buffer): bigint => {
  const crc64 = known.get(bytes) ?? crc64Of(bytes)
  known.set(bytes, crc64)
  return crc64
}
const etagOf = (bytes: Buffer): string => `E${storedCrc64(bytes).toString(16).toUpperCase()}`

/** Returns the bytes of a small file that is exactly so, or null. */
type ReadFile = (path: string, expected: Fingerprint, within?: readonly string[]) => Buffer | null

/**
 * Creates an OSS in memory, as the target port shows it. `read` returns the bytes that a range names. Without
 * `readFile` small files are not sent together, so that tests of the story of one job see every put by itself.
 */
export const createMemoryOss = (
  read: (range: ByteRange) => Buffer,
  now: () => number = Date.now,
  readFile: ReadFile | null = null,
): MemoryOss => {
  const counts = new Map<OssCall, number>()
  let nextUpload = 1

  const call = async <T>(
    name: OssCall,
    {
      bucket,
      key = null,
      uploadId = null,
      marker = null,
    }: Pick<CallInfo, 'bucket'> & Partial<Pick<CallInfo, 'key' | 'uploadId' | 'marker'>>,
    partNumber: number | null,
    signal: AbortSignal,
    effect: () => T | Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted()
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    const info = { call: name, bucket, key, uploadId, marker, partNumber, nth }
    oss.calls.push(info)
    await oss.faults.before?.(info, signal)
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const answer = await effect()
    await oss.faults.after?.(info, signal)
    return answer
  }

  const mustFind = (upload: UploadRef): OpenUpload => {
    const found = oss.uploads.get(upload.uploadId)
    if (found === undefined) throw new Failure('lost', 'no such upload', { ossCode: 'NoSuchUpload' })
    return found
  }

  const assertNext = (parts: ReadonlyMap<number, Buffer>, partNumber: number): void => {
    if (parts.has(partNumber))
      throw new Failure('conflict', 'it is there', { ossCode: 'PartAlreadyExist', status: 409 })
    if (partNumber !== parts.size + 1) {
      throw new Failure('conflict', 'not its turn', { ossCode: 'PartNotSequential', status: 400 })
    }
  }

  const crcOf = (bytes: Buffer): string | null => (oss.withoutCrc ? null : storedCrc64(bytes).toString())

  const sent = (bytes: Buffer) => ({
    size: bytes.length,
    etag: etagOf(bytes),
    crc64: storedCrc64(bytes).toString(),
    serverCrc64: crcOf(bytes),
    requestId: 'R',
  })

  const store = (object: ObjectRef, bytes: Buffer, objectOptions: ObjectOptions): void => {
    if (objectOptions.forbidOverwrite && oss.objects.has(nameOf(object))) {
      throw new Failure('conflict', 'exists', { ossCode: 'FileAlreadyExists' })
    }
    oss.objects.set(nameOf(object), { bytes, marker: objectOptions.marker })
  }

  const bytesOf = (range: ByteRange, { onProgress }: SendOptions): Buffer => {
    const bytes = Buffer.from(read(range))
    if (bytes.length < range.length) throw new Failure('changed', 'shorter', { code: 'source_changed' })
    onProgress(bytes.length)
    return bytes
  }

  const putFile = async (file: FileToPut, signal: AbortSignal): Promise<FilePut> => {
    const { object, objectOptions, path, fingerprint, within } = file
    // The file is read whole, and looked at again, before anything is sent.
    const bytes = readFile?.(path, fingerprint, within)
    if (bytes == null) return { is: 'unsent', why: 'it goes by itself', isSkipped: false }
    try {
      await call('putObject', { ...object, marker: objectOptions.marker }, null, signal, () =>
        store(object, bytes, objectOptions),
      )
      return { is: 'put', ...sent(bytes), versionId: null, ms: 1 }
    } catch (error) {
      const isRefused = error instanceof Failure && (error.unsent || ['credentials', 'throttled'].includes(error.kind))
      return { is: 'unproven', why: String(error), mayBeMade: !isRefused, ms: 1 }
    }
  }

  const oss: MemoryOss = {
    objects: new Map(),
    uploads: new Map(),
    calls: [],
    faults: {},
    withoutCrc: false,
    initiate: (object, objectOptions, signal) =>
      call('initiate', { ...object, marker: objectOptions.marker }, null, signal, () => {
        const uploadId = `U${nextUpload++}`
        oss.uploads.set(uploadId, { ref: { ...object, uploadId }, objectOptions, parts: new Map(), initiatedAt: now() })
        return { uploadId, requestId: 'R' }
      }),
    uploadPart: (upload, partNumber, range, _objectOptions, options) =>
      call('uploadPart', upload, partNumber, options.signal, () => {
        const bytes = bytesOf(range, options)
        const { parts, objectOptions } = mustFind(upload)
        if (objectOptions.sequential) assertNext(parts, partNumber)
        parts.set(partNumber, bytes)
        return sent(bytes)
      }),
    putObject: (object, range, objectOptions, options) =>
      call('putObject', { ...object, marker: objectOptions.marker }, null, options.signal, async () => {
        const bytes = bytesOf(range, options)
        await options.confirm()
        store(object, bytes, objectOptions)
        return { ...sent(bytes), versionId: null }
      }),
    async putFiles(files, { signal, until }) {
      const puts: FilePut[] = []
      for (const file of files) {
        const isOver = puts.some(({ is }) => is === 'unproven') || signal.aborted || now() > until.wall
        puts.push(
          isOver ? { is: 'unsent', why: 'its turn did not come', isSkipped: true } : await putFile(file, signal),
        )
      }
      return puts
    },
    listParts: (upload, signal) =>
      call('listParts', upload, null, signal, () =>
        [...mustFind(upload).parts]
          .sort(([a], [b]) => a - b)
          .map(([partNumber, bytes]) => ({
            partNumber,
            size: bytes.length,
            etag: etagOf(bytes),
            crc64: crcOf(bytes),
          })),
      ),
    listUploads: (bucket, { prefix, after, limit }, signal) =>
      call('listUploads', { bucket }, null, signal, () => {
        const place = ({ key, uploadId }: UploadMarker): string => `${key}\0${uploadId}`
        const found = [...oss.uploads.values()]
          .map(({ ref, initiatedAt }) => ({ ...ref, initiatedAt }))
          .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
          .filter((upload) => after === null || place(upload) > place(after))
          .sort((a, b) => (place(a) < place(b) ? -1 : 1))
        const uploads = found.slice(0, limit)
        const last = uploads.at(-1)
        const next = found.length > limit && last !== undefined ? { key: last.key, uploadId: last.uploadId } : null
        return { uploads, next }
      }),
    complete: (upload, parts, objectOptions, signal) =>
      call('complete', upload, null, signal, () => {
        const open = mustFind(upload)
        const chunks = parts.map(({ partNumber, etag }) => {
          const bytes = open.parts.get(partNumber)
          if (bytes === undefined || etagOf(bytes) !== etag) {
            throw new Failure('conflict', 'invalid part', { ossCode: 'InvalidPart' })
          }
          return bytes
        })
        const bytes = Buffer.concat(chunks)
        store(upload, bytes, { ...objectOptions, marker: open.objectOptions.marker })
        oss.uploads.delete(upload.uploadId)
        return { etag: etagOf(bytes), serverCrc64: crcOf(bytes), versionId: null, requestId: 'R' }
      }),
    abort: (upload, signal) =>
      call('abort', upload, null, signal, () => (oss.uploads.delete(upload.uploadId) ? 'aborted' : 'gone')),
    head: (object, signal) =>
      call('head', object, null, signal, (): StoredObject | null => {
        const found = oss.objects.get(nameOf(object))
        if (found === undefined) return null
        return {
          size: found.bytes.length,
          etag: etagOf(found.bytes),
          serverCrc64: crcOf(found.bytes),
          versionId: null,
          requestId: 'R',
          marker: found.marker,
        }
      }),
    close: async () => {},
  }
  return oss
}
