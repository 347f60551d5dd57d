import { randomFillSync } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { combineCrc64, crc64Of } from '../../src/core/crc64.js'
import type { KnownBytes } from '../sink/sink-protocol.js'

/** Every multipart upload that is measured has this part size, whichever program makes it. */
export const partSize = 8 * 1024 * 1024

export interface BigFile {
  readonly path: string
  readonly size: number
  readonly known: readonly KnownBytes[]
}

export interface SmallFiles {
  readonly directory: string
  readonly names: readonly string[]
  /** This is the size of each file. */
  readonly size: number
  readonly known: readonly KnownBytes[]
}

/**
 * Makes a file of random bytes, with the CRC-64 of its parts of `partSize`. The file is warm in the page cache because
 * it was just written.
 */
export const makeBigFile = async (directory: string, size: number): Promise<BigFile> => {
  const name = 'big.bin'
  const path = join(directory, name)
  const file = await open(path, 'w')
  const known: KnownBytes[] = []
  const buffer = Buffer.alloc(partSize)
  let whole = 0n
  for (let offset = 0; offset < size; offset += partSize) {
    const part = randomFillSync(buffer.subarray(0, Math.min(partSize, size - offset)))
    await file.write(part)
    const crc64 = crc64Of(part)
    whole = combineCrc64(whole, crc64, part.length)
    known.push({ name, partNumber: known.length + 1, size: part.length, crc64: String(crc64) })
  }
  await file.close()
  known.push({ name, partNumber: 0, size, crc64: String(whole) })
  return { path, size, known }
}

/** Makes files of random bytes in a directory of their own. */
export const makeSmallFiles = async (parent: string, count: number, size: number): Promise<SmallFiles> => {
  const directory = join(parent, 'small')
  await mkdir(directory)
  const known: KnownBytes[] = []
  for (let index = 0; index < count; index++) {
    const bytes = randomFillSync(Buffer.alloc(size))
    const name = `${String(index).padStart(6, '0')}.bin`
    await writeFile(join(directory, name), bytes)
    known.push({ name, partNumber: 0, size, crc64: String(crc64Of(bytes)) })
  }
  return { directory, names: known.map(({ name }) => name), size, known }
}
