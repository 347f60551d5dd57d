import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import type { Fingerprint } from '../../src/core/job.js'
import type { ByteRange, OpenSource, PathState, SourceOpener } from '../../src/ports/source.js'
import type { SourceRemover } from '../../src/ports/source-remover.js'

export interface MemoryFile {
  bytes: Buffer
  ino: number
  mtime: number
  ctime: number
}

/**
 * This is a file system of buffers. The `fd` of a range names the file, so the fake OSS reads what the file holds at
 * that moment.
 */
export interface MemoryFiles extends SourceOpener, SourceRemover {
  readonly files: Map<string, MemoryFile>
  write(path: string, bytes: Buffer): MemoryFile
  /** Makes a name lead to another, as a symbolic link does. */
  link(path: string, to: string): void
  read(range: ByteRange): Buffer
  /** Returns a copy of the bytes of the file at a path when it is exactly so, and null otherwise. */
  readWhole(path: string, expected: Fingerprint, within?: readonly string[]): Buffer | null
  /** Returns the number of sources that are open now. */
  openCount(): number
  /** Closes all descriptors, as the machine does for a process that was killed. */
  forgetDescriptors(): void
}

export const fingerprintOf = (file: MemoryFile): Fingerprint => ({
  node: null,
  dev: '1',
  ino: String(file.ino),
  size: file.bytes.length,
  mtimeNs: String(file.mtime),
  ctimeNs: String(file.ctime),
})

export const createMemoryFiles = (): MemoryFiles => {
  const files = new Map<string, MemoryFile>()
  const links = new Map<string, string>()
  const descriptors = new Map<number, MemoryFile>()
  let next = 1
  return {
    files,
    openCount: () => descriptors.size,
    forgetDescriptors: () => descriptors.clear(),
    write(path, bytes) {
      const file = { bytes, ino: next++, mtime: next++, ctime: next++ }
      files.set(path, file)
      return file
    },
    newName: () => `.aside-${next++}`,
    async remove({ path, fingerprint }) {
      const file = files.get(path)
      if (file !== undefined && fingerprintOf(file).ino !== fingerprint.ino)
        return { state: 'kept', note: 'another file' }
      files.delete(path)
      return { state: 'removed', note: null }
    },
    link: (path, to) => void links.set(path, to),
    read({ fd, offset, length }) {
      const file = descriptors.get(fd)
      if (file === undefined) throw new Error('read from a closed descriptor')
      return file.bytes.subarray(offset, offset + length)
    },
    readWhole(path, expected, within) {
      const file = files.get(path)
      if (file === undefined || within?.some((root) => path.startsWith(`${root}/`)) === false) return null
      return JSON.stringify(fingerprintOf(file)) === JSON.stringify(expected) ? Buffer.from(file.bytes) : null
    },
    async open(path, within): Promise<OpenSource> {
      const real = links.get(path) ?? path
      if (within?.some((root) => real.startsWith(`${root}/`)) === false) {
        throw new Failure('permanent', 'outside the roots', { code: 'source_unreadable' })
      }
      const file = files.get(real)
      if (file === undefined) throw new Failure('permanent', 'no such file', { code: 'source_missing' })
      const fd = next++
      descriptors.set(fd, file)
      return {
        opened: fingerprintOf(file),
        stoodMs: () => null,
        range: (offset, length) => ({ kind: 'file', fd, device: '1', inode: String(file.ino), offset, length }),
        fingerprint: async () => fingerprintOf(file),
        pathState: async (): Promise<PathState> => {
          const now = files.get(path)
          if (now === undefined) return 'absent'
          return now === file ? 'same' : 'replaced'
        },
        crc64: async (offset, length, signal) => {
          signal.throwIfAborted()
          return crc64Of(file.bytes.subarray(offset, offset + length)).toString()
        },
        close: async () => {
          descriptors.delete(fd)
        },
      }
    },
  }
}
