import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc64Of } from '../../../src/core/crc64.js'
import type { ByteRange } from '../../../src/ports/source.js'

export interface SourceFile {
  readonly path: string
  readonly bytes: Buffer
  readonly fd: number
  range(offset?: number, length?: number): ByteRange
  crc64(offset?: number, length?: number): string
  remove(): Promise<void>
}

/** Returns bytes that repeat nowhere within a part, so that a swapped or shifted chunk shows. */
export const patternBytes = (size: number): Buffer => {
  const bytes = Buffer.allocUnsafe(size)
  let state = 0x2545f491
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export const createSourceFile = async (size: number): Promise<SourceFile> => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-oss-'))
  const path = join(directory, 'source.bin')
  const bytes = patternBytes(size)
  await writeFile(path, bytes)
  const handle = await open(path, 'r')
  return {
    path,
    bytes,
    fd: handle.fd,
    range: (offset = 0, length = size - offset) => ({
      kind: 'file',
      fd: handle.fd,
      device: '1',
      inode: '1',
      offset,
      length,
    }),
    crc64: (offset = 0, length = size - offset) => String(crc64Of(bytes.subarray(offset, offset + length))),
    remove: async () => {
      await handle.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** Returns the number of sockets that this process holds open now. This works on Linux only, and is 0 elsewhere. */
export const openSockets = (): number => {
  if (process.platform !== 'linux') return 0
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')
    } catch {
      return false
    }
  }).length
}
