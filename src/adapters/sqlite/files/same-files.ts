import { statSync } from 'node:fs'
import { AppError } from '../../../core/app-error.js'

/** `-wal` holds what was committed since the last checkpoint; `-shm` is how others see which part of it counts. */
const suffixes = ['', '-wal', '-shm']

const identityOf = (path: string): string | null => {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`
}

/**
 * Remembers which files an open database consists of. The function that it answers throws AppError `storage_unavailable`
 * when one of them is no longer at its path: writes to it would succeed and be lost with this process.
 */
export const watchPlace = (path: string): (() => void) => {
  const files = suffixes.map((suffix) => ({ path: path + suffix, identity: identityOf(path + suffix) }))
  return () => {
    for (const file of files) {
      if (identityOf(file.path) !== file.identity) {
        throw new AppError(
          'storage_unavailable',
          'A file of the database was moved, replaced or removed: put it back, or restart the daemon on the right one.',
        )
      }
    }
  }
}
