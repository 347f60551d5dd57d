import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises'
import { Failure } from '../../core/failure.js'
import type { Fingerprint } from '../../core/job.js'
import type { HashRange, OpenSource, PathState, SourceOpener } from '../../ports/source.js'
import { isReadable, type Roots } from './roots.js'

/** O_NONBLOCK: opening a FIFO must not wait for a writer. O_NOFOLLOW: the path is real already, so a link is a race. */
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const missing = (): Failure =>
  new Failure('permanent', 'There is no such file below the source roots', { code: 'source_missing' })

const unreadable = (reason: string): Failure =>
  new Failure('permanent', `The source cannot be read: ${reason}`, { code: 'source_unreadable' })

/** What the file itself is to blame for. Anything else (no descriptors left, a disk that fails) may pass. */
const lasting = ['EACCES', 'EPERM', 'ELOOP', 'EISDIR', 'ENXIO', 'ENODEV', 'ENAMETOOLONG', 'EINVAL']

const openFailure = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  const errno = errnoOf(error)
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return missing()
  return lasting.includes(errno) ? unreadable(errno) : localFailure(error)
}

const localFailure = (error: unknown): Failure =>
  new Failure('local', `Reading the source failed: ${errnoOf(error)}`, { code: 'source_unreadable' })

const fingerprintFrom = (stats: BigIntStats): Fingerprint => ({
  dev: stats.dev.toString(),
  ino: stats.ino.toString(),
  size: Number(stats.size),
  mtimeNs: stats.mtimeNs.toString(),
  ctimeNs: stats.ctimeNs.toString(),
})

/** The path the kernel knows the open file by. Where there is no /proc, the path is resolved again and must be the same file. */
const pathOfDescriptor = async (handle: FileHandle, resolved: string): Promise<string> => {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`)
  const again = await realpath(resolved)
  const [opened, named] = await Promise.all([handle.stat({ bigint: true }), stat(again, { bigint: true })])
  if (opened.ino !== named.ino || opened.dev !== named.dev) throw unreadable('it was replaced while it was opened')
  return again
}

const openSource = (handle: FileHandle, realPath: string, inode: bigint, hashRange: HashRange): OpenSource => ({
  range: (offset, length) => ({ kind: 'file', fd: handle.fd, offset, length }),

  async fingerprint() {
    try {
      return fingerprintFrom(await handle.stat({ bigint: true }))
    } catch (error) {
      throw localFailure(error)
    }
  },

  async pathState(): Promise<PathState> {
    try {
      const stats = await lstat(realPath, { bigint: true })
      return stats.ino === inode ? 'same' : 'replaced'
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return 'absent'
      throw localFailure(error)
    }
  },

  crc64: (offset, length, signal) => hashRange({ kind: 'file', fd: handle.fd, offset, length }, signal),

  // Nothing was written: a close that fails loses nothing.
  close: () => handle.close().catch(() => {}),
})

/** Opens files below the roots. The check that counts is made on the path of the open descriptor, so no race can fool it. */
export const createFileSources = (roots: Roots, hashRange: HashRange): SourceOpener => ({
  async open(path, within) {
    let handle: FileHandle | null = null
    try {
      const resolved = await realpath(path)
      if (!isReadable(roots, resolved, within)) throw unreadable('it lies outside the source roots')
      handle = await open(resolved, openFlags)
      const stats = await handle.stat({ bigint: true })
      if (!stats.isFile()) throw unreadable('it is not a regular file')
      const realPath = await pathOfDescriptor(handle, resolved)
      if (!isReadable(roots, realPath, within)) throw unreadable('it lies outside the source roots')
      return openSource(handle, realPath, stats.ino, hashRange)
    } catch (error) {
      await handle?.close()
      throw openFailure(error)
    }
  },
})
