import { statSync } from 'node:fs'
import { AppError } from '../../../core/app-error.js'

/**
 * `-wal` holds what was committed since the last checkpoint. `-shm` shows other connections which part of it counts.
 */
const suffixes = ['', '-wal', '-shm']

const identityOf = (path: string): string | null => {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`
}

/**
 * Returns a function that throws AppError `storage_unavailable` when one of the files of an open database is no longer
 * at its path, because writes to it would succeed and be lost with this process. The files are remembered as they are
 * now.
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
