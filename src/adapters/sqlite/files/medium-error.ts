import { AppError, type AppErrorCode, type FieldError } from '../../../core/app-error.js'

/** This is an error as data. `code` is null for a bug. */
export interface ErrorData {
  readonly code: AppErrorCode | null
  readonly message: string
  readonly errors?: readonly FieldError[]
  /** It is set when another process holds the database's lock for a moment. */
  readonly momentary?: true
}

/** Returns the code of SQLite or of the file system, or an empty string. */
export const sqliteCodeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

const fullCodes = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT']
const brokenCodes =
  /^(SQLITE_(IOERR|READONLY|CORRUPT|NOTADB|CANTOPEN|BUSY|LOCKED|PROTOCOL|PERM|NOLFS)|E(IO|ROFS|ACCES|PERM|NOENT|MFILE|NFILE)$)/

/**
 * Returns what a failure of the disk or of the file means for a caller; null when the medium is not to blame. The codes
 * are those of SQLite or of the file system.
 */
export const mediumFailure = (error: unknown): AppErrorCode | null => {
  const code = sqliteCodeOf(error)
  if (fullCodes.includes(code)) return 'storage_full'
  return brokenCodes.test(code) ? 'storage_unavailable' : null
}

/**
 * Returns whether the file is no database, or not a sound one. No second try can help then, and every write may do more
 * harm.
 */
export const isCorrupt = (error: unknown): boolean => /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCodeOf(error))

const sentences: Partial<Record<AppErrorCode, string>> = {
  storage_full: 'The disk that holds the database is full; nothing was written.',
  storage_unavailable: 'The database cannot be read or written.',
}

/**
 * Returns an error as data for the other thread. Only the message of a bug travels, because it is meant for the log.
 */
export const errorDataOf = (error: unknown): ErrorData => {
  if (error instanceof AppError) {
    const { errors } = error.details
    return { code: error.code, message: error.message, ...(errors === undefined ? {} : { errors }) }
  }
  const code = mediumFailure(error)
  const cause = sqliteCodeOf(error)
  if (code !== null) {
    const momentary = /^SQLITE_(BUSY|LOCKED)/.test(cause)
    return { code, message: `${sentences[code] ?? ''} (${cause})`, ...(momentary ? { momentary } : {}) }
  }
  return { code: null, message: error instanceof Error ? error.message : String(error) }
}

/** Returns the error that the caller sees. */
export const errorOf = ({ code, message, errors, momentary }: ErrorData): Error =>
  code === null
    ? new Error(`The store failed: ${message}`)
    : new AppError(code, message, {
        ...(errors === undefined ? {} : { errors }),
        ...(momentary === undefined ? {} : { momentary }),
      })
