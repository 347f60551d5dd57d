import {
  type BigIntStats,
  close,
  closeSync,
  fstat,
  fstatSync,
  lstat,
  lstatSync,
  open,
  openSync,
  readlink,
  readlinkSync,
  realpath,
  realpathSync,
  type StatsFs,
} from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/** What a source asks of the file system, beside its bytes. All of them fail as the system calls do. */
export interface FileCalls {
  realpath(path: string): Promise<string>
  open(path: string, flags: number): Promise<number>
  stat(fd: number): Promise<BigIntStats>
  lstat(path: string): Promise<BigIntStats>
  readlink(path: string): Promise<string>
  close(fd: number): Promise<void>
}

const openAsync = promisify(open) as (path: string, flags: number) => Promise<number>
const fstatAsync = promisify(fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>
const lstatAsync = promisify(lstat) as (path: string, options: { bigint: true }) => Promise<BigIntStats>

/** By libuv's threads: however long the file system takes, this thread goes on. */
export const patientCalls: FileCalls = {
  realpath: promisify(realpath.native) as (path: string) => Promise<string>,
  open: openAsync,
  stat: (fd) => fstatAsync(fd, { bigint: true }),
  lstat: (path) => lstatAsync(path, { bigint: true }),
  readlink: promisify(readlink) as (path: string) => Promise<string>,
  close: promisify(close),
}

/**
 * At once, on the calling thread. A local file system answers these from memory in a few microseconds, a tenth of what it
 * costs to hand them to another thread and hear of it; a small file needs a dozen.
 */
export const promptCalls: FileCalls = {
  realpath: async (path) => realpathSync.native(path),
  open: async (path, flags) => openSync(path, flags),
  stat: async (fd) => fstatSync(fd, { bigint: true }),
  lstat: async (path) => lstatSync(path, { bigint: true }),
  readlink: async (path) => readlinkSync(path),
  close: async (fd) => closeSync(fd),
}

/** Magic numbers of statfs(2) that are of this machine's disks or memory. What is not here may hang with a network. */
const localTypes: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
])

/** Directories remembered; a walk through more begins anew. */
const mostDirectories = 10_000

/** Chooses calls by where a file lies: prompt where its directory is on a local file system. */
export const createCallsByPlace = (typeOf: (directory: string) => Promise<Pick<StatsFs, 'type'>> = statfs) => {
  const places = new Map<string, FileCalls>()
  return async (path: string): Promise<FileCalls> => {
    const directory = dirname(path)
    const known = places.get(directory)
    if (known !== undefined) return known
    // statfs may give the type as a signed 32-bit number. What cannot be asked is not remembered.
    const type = await typeOf(directory).then(
      (stats) => stats.type >>> 0,
      () => null,
    )
    if (type === null) return patientCalls
    const calls = localTypes.has(type) ? promptCalls : patientCalls
    if (places.size >= mostDirectories) places.clear()
    places.set(directory, calls)
    return calls
  }
}
