import { createHash } from 'node:crypto'
import { startCrc64 } from './crc64.js'
import type { DataFiles } from './data-files.js'
import { createDataWriter } from './data-writer.js'
import { OssError } from './oss-error.js'
import type { Segment } from './stored.js'

/** This is a body that lies in a data file and is not yet part of anything. */
export interface ReceivedData {
  /** The segment belongs to the caller, who gives it to an object or part, or releases it. */
  readonly segment: Segment
  readonly size: number
  readonly md5: Buffer
  readonly crc64: bigint
}

/**
 * Streams a body into a data file, with MD5 and CRC-64 in the same pass. `corrupt` flips one bit on the way, before it
 * is summed or stored. When the body breaks off, nothing stays and the error is rethrown.
 */
export const receiveData = async (
  body: AsyncIterable<Buffer>,
  dataFiles: DataFiles,
  corrupt: boolean,
): Promise<ReceivedData> => {
  const md5 = createHash('md5')
  const crc64 = startCrc64()
  const writer = createDataWriter(dataFiles)
  let size = 0
  try {
    for await (const chunk of body) {
      if (corrupt && size === 0) chunk[0] = (chunk[0] ?? 0) ^ 1
      md5.update(chunk)
      crc64.add(chunk)
      size += chunk.length
      await writer.add(chunk)
    }
    return { segment: await writer.finish(), size, md5: md5.digest(), crc64: crc64.value() }
  } catch (error) {
    await writer.discard()
    throw error
  }
}

export interface ReceivedText {
  readonly text: string
  readonly md5: Buffer
}

/** This is enough for a CompleteMultipartUpload of 10,000 parts, generously written. */
const maxTextBytes = 4 * 1024 * 1024

/** Reads a whole XML body. Throws EntityTooLarge when it is longer than any that makes sense. */
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

/** Compares a body with the Content-MD5 that announced it, if one did. Throws InvalidDigest. */
export const checkContentMd5 = (header: string | readonly string[] | undefined, md5: Buffer): void => {
  if (header === undefined) return
  const announced = String(header)
  const expected = Buffer.from(announced, 'base64')
  if (expected.length === 16 && expected.equals(md5)) return
  throw new OssError('InvalidDigest', { elements: { ContentMD5: announced } })
}
