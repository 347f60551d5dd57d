import { closeSync, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Fingerprint } from '../../core/job.js'
import type { ReadWholeFile } from '../../ports/source.js'
import { fingerprintFrom } from './fingerprint.js'
import { openFlags } from './guarded-open.js'
import { locate } from './locate.js'
import { createMountTable } from './mount-table.js'
import { isReadable, type Roots } from './roots.js'
import { errnoOf } from './unavailable.js'

/** A directory is taken to be where it was found for so long, as the table of mounts is. */
const mostAgeMs = 20

/** Creates a function that returns the real path of a local directory, or null when it may lie on a file system that hangs. */
const createLocalDirectories = (mounts: ReturnType<typeof createMountTable>) => {
  let known = new Map<string, string | null>()
  let knownSince = Number.NEGATIVE_INFINITY
  return (directory: string): string | null => {
    const now = performance.now()
    if (now - knownSince > mostAgeMs) {
      known = new Map()
      knownSince = now
    }
    const found = known.get(directory)
    if (found !== undefined) return found
    const location = locate(directory, mounts())
    const real = location.is === 'local' ? location.realPath : null
    known.set(directory, real)
    return real
  }
}

/**
 * Returns whether nothing at all differs. The number of a device that another node has seen differs too, and then the
 * caller goes its other way.
 */
const isSame = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ctimeNs === b.ctimeNs && a.mtimeNs === b.mtimeNs && a.size === b.size && a.ino === b.ino && a.dev === b.dev

/** Fills the buffer. Returns false when the file has fewer bytes. */
const fill = (read: typeof readSync, fd: number, buffer: Buffer, at: number, length: number): boolean => {
  for (let done = 0; done < length; ) {
    const bytesRead = read(fd, buffer, at + done, length - done, done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}

/**
 * Creates the reader of small files. It reads local file systems of Linux only, because a read on the thread that sends
 * must not hang, and because the check that counts is made on the path by which the kernel knows the open file. It
 * refuses everything that is not exactly as it was planned: its caller has another way for such files.
 */
export const createWholeFileReader = (roots: Roots, readBytes: typeof readSync = readSync): ReadWholeFile => {
  const mounts = createMountTable()
  const localDirectory = createLocalDirectories(mounts)

  const read = (fd: number, ...[, expected, within, buffer, at]: Parameters<ReadWholeFile>): string | null => {
    const realPath = readlinkSync(`/proc/self/fd/${fd}`)
    if (!isReadable(roots, realPath, within)) return 'it lies outside the roots'
    const before = fstatSync(fd, { bigint: true })
    if (!before.isFile()) return 'it is not a regular file'
    if (!isSame(expected, fingerprintFrom(before))) return 'it changed'
    if (!fill(readBytes, fd, buffer, at, expected.size)) return 'it became shorter'
    const after = fstatSync(fd, { bigint: true })
    if (after.ctimeNs !== before.ctimeNs || after.mtimeNs !== before.mtimeNs || after.size !== before.size) {
      return 'it changed while it was read'
    }
    const named = lstatSync(realPath, { bigint: true, throwIfNoEntry: false })
    return named === undefined || named.ino === before.ino ? null : 'another file was put at its path'
  }

  return (...request) => {
    const [path] = request
    let fd: number | null = null
    try {
      const directory = localDirectory(dirname(path))
      const real = `${directory === '/' ? '' : directory}/${basename(path)}`
      if (directory === null || mounts().has(real)) return 'it may lie on a file system that hangs'
      fd = openSync(real, openFlags)
      return read(fd, ...request)
    } catch (error) {
      return errnoOf(error)
    } finally {
      if (fd !== null) closeSync(fd)
    }
  }
}
