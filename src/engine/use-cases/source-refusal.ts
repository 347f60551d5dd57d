import { AppError } from '../../core/app-error.js'
import type { BatchProblem } from '../../core/batch.js'
import type { Failure } from '../../core/failure.js'
import type { Logger } from '../../ports/logger.js'

/** What a request wants at a path, as refusals name it. */
export type Wanted = 'source' | 'directory'

/** Everything outside the roots gets one text, so that callers do not learn what exists there. */
const elsewhere: Readonly<Record<Wanted, string>> = {
  source: 'The source is not a readable regular file below the source roots of this daemon (LONGSHORE_SOURCE_ROOTS)',
  directory: 'source.dir is not a readable directory below the source roots of this daemon (LONGSHORE_SOURCE_ROOTS)',
}

/** Returns the refusal of a source that cannot be read. It says why, when the failure says that callers may know. */
export const sourceUnavailable = (wanted: Wanted, path: string, cause: Failure): AppError => {
  const { kind, reason } = cause
  if (kind === 'stalled') {
    const text = `The ${wanted} cannot be read now: its file system does not answer. Submit again when it does`
    return new AppError('source_unavailable', text, { cause })
  }
  const text = reason === null ? elsewhere[wanted] : `The ${wanted} cannot be read: ${path}: ${reason}`
  return new AppError('source_unavailable', text, { cause })
}

/** Returns the problem of a file of a batch that cannot be read. */
export const fileUnavailable = (path: string, { reason }: Failure): BatchProblem => ({
  path,
  code: 'source_unavailable',
  message:
    reason === null ? 'It is not a readable regular file below the source roots' : `The file cannot be read: ${reason}`,
  jobId: null,
})

/** Logs that a source was refused, for the operator, with what the caller may not know. */
export const logRefusal = (logger: Logger, path: string, { reason, message }: Pick<Failure, 'reason' | 'message'>) =>
  logger.warn({ path, reason: reason ?? message }, 'A source was refused')
