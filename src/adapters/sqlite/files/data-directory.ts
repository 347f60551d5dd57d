import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { networkFileSystemOf } from './file-system.js'
import { StoreOpenError, storeExitCodes } from './store-open-error.js'

/**
 * These are the paths of everything that the store keeps on disk. SQLite adds `longshore.db-wal` and
 * `longshore.db-shm`.
 */
export interface StorePaths {
  readonly directory: string
  readonly database: string
  /** The marker says that a database was here, so that an empty or missing one is a loss and not a beginning. */
  readonly marker: string
  readonly lock: string
  readonly pid: string
}

export const storePaths = (directory: string): StorePaths => {
  const absolute = resolve(directory)
  return {
    directory: absolute,
    database: join(absolute, 'longshore.db'),
    marker: join(absolute, 'longshore.marker'),
    lock: join(absolute, 'longshore.lock'),
    pid: join(absolute, 'longshore.pid'),
  }
}

/** Makes an entry of the directory survive a power cut. */
const syncDirectory = (directory: string): void => {
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const isOpenToOthers = (path: string): boolean => (statSync(path).mode & 0o077) !== 0

/**
 * Returns warnings, after it has made the directory with the mode 0700 whatever the umask is. It warns when another
 * user owns the directory, as is often so with volumes of containers, and the directory stays open to others. Throws
 * StoreOpenError for a network file system.
 */
export const prepareDirectory = ({ directory }: StorePaths): readonly string[] => {
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (made !== undefined) syncDirectory(dirname(made))
  const network = networkFileSystemOf(directory)
  if (network !== null) {
    throw new StoreOpenError(
      storeExitCodes.io,
      `${directory} is on a network file system (${network}), where SQLite cannot keep its promises. Use a local disk.`,
    )
  }
  if (!isOpenToOthers(directory)) return []
  try {
    chmodSync(directory, 0o700)
    return []
  } catch {
    return [
      `${directory} is open to other users and belongs to somebody else, so its mode could not be changed to 0700`,
    ]
  }
}

/**
 * Makes an empty file with the mode 0600 whatever the umask is, or narrows the mode of a file that is there. A file
 * that exists is never opened, because closing a descriptor would drop the POSIX locks that SQLite holds on it in this
 * process. Throws StoreOpenError with exit code 74 when the path leads to something that is not a regular file.
 */
export const createPrivateFile = (path: string): void => {
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600))
  const stats = statSync(path)
  if (!stats.isFile()) throw new StoreOpenError(storeExitCodes.io, `${path} is not a regular file.`)
  if ((stats.mode & 0o777) !== 0o600) chmodSync(path, 0o600)
}

/** Throws StoreOpenError with exit code 65 when nothing is left where a database was, or only one without a schema. */
export const assertNotLost = (paths: StorePaths, hasSchema: boolean): void => {
  if (!existsSync(paths.marker)) return
  if (hasSchema && existsSync(paths.database) && statSync(paths.database).size > 0) return
  throw new StoreOpenError(
    storeExitCodes.corrupt,
    `${paths.database} is missing or empty, but ${paths.marker} says that it held jobs. Restore it with its write-ahead log (-wal), or remove the marker to begin anew.`,
  )
}

/** Writes the marker. The caller does so once the first schema is committed. */
export const writeMarker = (paths: StorePaths): void => {
  if (existsSync(paths.marker)) return
  writeFileSync(paths.marker, 'A Longshore database lives beside this file.\n', { mode: 0o600, flush: true })
  createPrivateFile(paths.marker)
  syncDirectory(paths.directory)
}
