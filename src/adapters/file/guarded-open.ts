import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'

/**
 * The functions below open files on the walk's own thread, where waiting for the file system holds up no other work.
 */

/**
 * O_NONBLOCK is set because opening a FIFO must not wait for a writer. O_NOFOLLOW is set because a link at the end of
 * the path is a race, or is not to be followed.
 */
export const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY

const isLinux = process.platform === 'linux'

/**
 * Returns the path by which an open directory's entries are reached, so that no link that is put in the way meanwhile
 * leads elsewhere.
 */
export const descriptorPath = (fd: number, path: string): string => (isLinux ? `/proc/self/fd/${fd}` : path)

/** Returns the path by which the kernel knows an open file. */
const realPathOf = (fd: number, path: string): string => {
  if (isLinux) return readlinkSync(`/proc/self/fd/${fd}`)
  const real = realpathSync(path)
  const [opened, named] = [fstatSync(fd, { bigint: true }), statSync(real, { bigint: true })]
  if (opened.ino !== named.ino || opened.dev !== named.dev) {
    throw Object.assign(new Error('it was replaced while it was opened'), { code: 'ESTALE' })
  }
  return real
}

/**
 * Returns an open file or directory with what the kernel says of it, or null when it lies where jobs may not read. The
 * caller closes `fd`.
 */
export const openGuarded = (
  path: string,
  flags: number,
  mayRead: (realPath: string) => boolean,
): { readonly fd: number; readonly stats: BigIntStats } | null => {
  const fd = openSync(path, flags)
  try {
    if (mayRead(realPathOf(fd, path))) return { fd, stats: fstatSync(fd, { bigint: true }) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
  closeSync(fd)
  return null
}
