import type { BigIntStats } from 'node:fs'
import { Failure } from '../../core/failure.js'
import type { ByteRange, OpenSource, PathState, SourceOpener, SourceReader } from '../../ports/source.js'
import { createCallsByPath, type FileCalls } from './file-calls.js'
import { createFirstLooks, type FirstLooks, fingerprintFrom } from './fingerprint.js'
import { openFlags } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'
import { errnoOf, outsideText, type Refusal, reasonOf } from './unavailable.js'

const unreadable = (reason: string): Failure =>
  new Failure('permanent', `The source cannot be read: ${reason}`, { code: 'source_unreadable' })

/**
 * These errors are caused by the file itself and last. Any other error (no descriptors left, a disk that fails) may
 * pass.
 */
const lasting = ['EACCES', 'EPERM', 'ELOOP', 'EISDIR', 'ENXIO', 'ENODEV', 'ENAMETOOLONG', 'EINVAL']

const missing = ['ENOENT', 'ENOTDIR']

/**
 * Returns the failure of an open. `reason` is what the caller may know of it, and null when the reason lies outside the
 * roots.
 */
const openFailure = (error: unknown, reason: string | null): Failure => {
  const errno = error instanceof Failure ? null : errnoOf(error)
  if (errno !== null && !missing.includes(errno) && !lasting.includes(errno)) {
    const { kind, message, code } = localFailure(error)
    return new Failure(kind, message, { ...(code === null ? {} : { code }), reason })
  }
  const isMissing = reason !== null && errno !== null && missing.includes(errno)
  const code = isMissing ? 'source_missing' : 'source_unreadable'
  return new Failure('permanent', `The source cannot be read: ${reason ?? outsideText}`, { code, reason })
}

const localFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  return new Failure('local', `Reading the source failed: ${errnoOf(error)}`, { code: 'source_unreadable' })
}

/**
 * Returns the path by which the kernel knows the open file. Where there is no /proc, the path is resolved again and
 * must still lead to the same file.
 */
const pathOfDescriptor = async (calls: FileCalls, fd: number, opened: BigIntStats, resolved: string) => {
  if (process.platform === 'linux') return calls.readlink(`/proc/self/fd/${fd}`)
  const again = await calls.realpath(resolved)
  const named = await calls.lstat(again)
  if (opened.ino !== named.ino || opened.dev !== named.dev) throw unreadable('it was replaced while it was opened')
  return again
}

/** Says who looks at files, and since when. */
interface Eyes {
  readonly node: string | null
  readonly firstLooks: FirstLooks
}

/**
 * Looks at an open file. A file system over the network is asked by an open, because a look at an open file may be
 * answered by what this machine remembers of it.
 */
const statNow = async (calls: FileCalls, fd: number, realPath: string): Promise<BigIntStats> => {
  if (calls.isRemote === true) {
    try {
      await calls.close(await calls.open(realPath, openFlags))
    } catch (error) {
      // Whatever else stands at the path, or that nothing does, is told by the look at the path.
      if (error instanceof Failure) throw error
    }
  }
  return calls.stat(fd)
}

const openSource = (
  calls: FileCalls,
  fd: number,
  realPath: string,
  stats: BigIntStats,
  reader: SourceReader,
  { node, firstLooks }: Eyes,
): OpenSource => {
  const opened = fingerprintFrom(stats, node)
  if (calls.isRemote === true) firstLooks(opened)
  const range = (offset: number, length: number): ByteRange => ({
    kind: 'file',
    fd,
    device: opened.dev,
    inode: opened.ino,
    offset,
    length,
  })
  // Nothing was written, so a close that fails loses nothing.
  const closeNow = (): Promise<void> => calls.close(fd).catch(() => {})
  return {
    opened,
    range,
    stoodMs: (seen) => (calls.isRemote === true ? firstLooks(seen) : null),

    async fingerprint() {
      try {
        return fingerprintFrom(await statNow(calls, fd, realPath), node)
      } catch (error) {
        throw localFailure(error)
      }
    },

    async pathState(): Promise<PathState> {
      try {
        const named = await calls.lstat(realPath)
        return named.ino === stats.ino ? 'same' : 'replaced'
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return 'absent'
        throw localFailure(error)
      }
    },

    crc64: (offset, length, signal) => reader.hash(range(offset, length), signal),

    async close() {
      const quiet = reader.quiet(fd)
      if (quiet === null) return closeNow()
      void quiet.then(closeNow)
    },
  }
}

/**
 * Opens files below the roots. The check that counts is made on the path of the open descriptor, so no race can fool
 * it. The fingerprints are taken by `node`.
 */
export const createFileSources = (
  roots: Roots,
  reader: SourceReader,
  callsFor: (path: string) => Promise<FileCalls> = createCallsByPath(),
  node: string | null = null,
  firstLooks: FirstLooks = createFirstLooks(),
): SourceOpener => ({
  async open(path, within) {
    const calls = await callsFor(path)
    let fd: number | null = null
    try {
      const resolved = await calls.realpath(path)
      if (!isReadable(roots, resolved, within)) throw unreadable(outsideText)
      fd = await calls.open(resolved, openFlags)
      const stats = await calls.stat(fd)
      if (!stats.isFile()) throw unreadable('it is not a regular file')
      const realPath = await pathOfDescriptor(calls, fd, stats, resolved)
      if (!isReadable(roots, realPath, within)) throw unreadable(outsideText)
      return openSource(calls, fd, realPath, stats, reader, { node, firstLooks })
    } catch (error) {
      if (fd !== null) await calls.close(fd)
      if (error instanceof Failure && error.kind === 'stalled') throw error
      const errno = error instanceof Failure ? null : errnoOf(error)
      const refusal: Refusal = { path, wanted: 'file', errno, roots, within }
      throw openFailure(error, await reasonOf(refusal, callsFor))
    }
  },
})
