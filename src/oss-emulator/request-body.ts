import { createHash } from 'node:crypto'
import { closeSync, openSync, rmSync, writev } from 'node:fs'
import { promisify } from 'node:util'
import { startCrc64 } from './crc64.js'
import type { DataFiles } from './data-files.js'
import { OssError } from './oss-error.js'
import type { Segment } from './stored.js'

const writeBuffers = promisify(writev)

/** A body that lies in a data file and is not yet part of anything. */
export interface ReceivedData {
  /** The caller's, to give to an object or part, or to release. */
  readonly segment: Segment
  readonly size: number
  readonly md5: Buffer
  readonly crc64: bigint
}

/** Bytes gathered before they are written: one call of the file system for sixteen chunks of the network. */
const batchBytes = 1024 * 1024

/**
 * Streams a body into a data file, with MD5 and CRC-64 in the same pass. `corrupt` flips one bit on the way, before
 * it is summed or stored. When the body breaks off, the file is removed and the error rethrown.
 */
export const receiveData = async (
  body: AsyncIterable<Buffer>,
  dataFiles: DataFiles,
  corrupt: boolean,
): Promise<ReceivedData> => {
  const file = dataFiles.newFile()
  const path = dataFiles.path(file)
  const md5 = createHash('md5')
  const crc64 = startCrc64()
  let descriptor: number | null = null
  let writing: Promise<void> = Promise.resolve()
  let batch: Buffer[] = []
  let batched = 0
  let size = 0

  const write = async (target: number, buffers: Buffer[], byteCount: number): Promise<void> => {
    const { bytesWritten } = await writeBuffers(target, buffers)
    if (bytesWritten !== byteCount) throw new Error('The disk took less than it was given.')
  }

  try {
    for await (const chunk of body) {
      if (corrupt && size === 0) chunk[0] = (chunk[0] ?? 0) ^ 1
      md5.update(chunk)
      crc64.add(chunk)
      size += chunk.length
      batch.push(chunk)
      batched += chunk.length
      if (batched >= batchBytes) {
        // One batch is written while the next one is gathered; more would only fill the memory.
        await writing
        descriptor ??= openSync(path, 'wx')
        writing = write(descriptor, batch, batched)
        writing.catch(() => {})
        batch = []
        batched = 0
      }
    }
    await writing
    if (descriptor !== null && batched > 0) await write(descriptor, batch, batched)
  } catch (error) {
    await writing.catch(() => {})
    if (descriptor !== null) rmSync(path, { force: true })
    throw error
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
  const segment = descriptor === null ? dataFiles.pack(batch, size) : dataFiles.adopt(file, size)
  return { segment, size, md5: md5.digest(), crc64: crc64.value() }
}

export interface ReceivedText {
  readonly text: string
  readonly md5: Buffer
}

/** Room for a CompleteMultipartUpload of 10,000 parts, generously written. */
const maxTextBytes = 4 * 1024 * 1024

/** Reads a whole XML body. EntityTooLarge when it is longer than any that makes sense. */
export const receiveText = async (body: AsyncIterable<Buffer>): Promise<ReceivedText> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxTextBytes) throw new OssError('EntityTooLarge')
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  return { text: bytes.toString('utf8'), md5: createHash('md5').update(bytes).digest() }
}

/** Compares a body with the Content-MD5 it was announced with, if it was. Throws InvalidDigest. */
export const checkContentMd5 = (header: string | readonly string[] | undefined, md5: Buffer): void => {
  if (header === undefined) return
  const announced = String(header)
  const expected = Buffer.from(announced, 'base64')
  if (expected.length === 16 && expected.equals(md5)) return
  throw new OssError('InvalidDigest', { elements: { ContentMD5: announced } })
}
