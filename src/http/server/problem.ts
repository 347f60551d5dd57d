import { STATUS_CODES } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type AppErrorCode, type FieldError } from '../../core/app-error.js'

/** The one place where error codes meet HTTP. */
const statusOf: Readonly<Record<AppErrorCode, number>> = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  target_not_allowed: 403,
  job_not_found: 404,
  batch_not_found: 404,
  webhook_not_found: 404,
  verb_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  invalid_state: 409,
  target_busy: 409,
  precondition_failed: 412,
  request_timeout: 408,
  payload_too_large: 413,
  unsupported_media_type: 415,
  misdirected: 421,
  source_unavailable: 422,
  idempotency_mismatch: 422,
  rate_limited: 429,
  queue_full: 429,
  head_too_large: 431,
  internal: 500,
  oss_refused: 502,
  oss_unavailable: 503,
  draining: 503,
  storage_unavailable: 503,
  storage_full: 507,
}

export const problemMediaType = 'application/problem+json'

/**
 * A problem by RFC 9457. `type` is about:blank, so `title` is the phrase that belongs to the status. Programs go by `code`.
 */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: AppErrorCode
  readonly errors?: readonly FieldError[]
  readonly jobId?: string
}

/** Returns a problem of a status, for refusals that have no AppError. */
export const titled = (status: number, code: AppErrorCode, detail: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  code,
})

/** The codes that say the same as the statuses with which fastify refuses a request. */
export const codeOfStatus: Readonly<Record<number, AppErrorCode>> = {
  404: 'not_found',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  431: 'head_too_large',
}

interface FrameworkError extends Error {
  readonly code: string
  readonly statusCode: number
}

/** Returns whether fastify itself refuses a request by this error. The texts of such errors are fixed and hold nothing of ours. */
const isFrameworkError = (error: unknown): error is FrameworkError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('FST_ERR_') &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode >= 400 &&
  error.statusCode < 500

/**
 * Returns how a thrown value reads to the caller. What is not meant for callers becomes `internal`, without detail. `status`
 * replaces the status that the code of an AppError has.
 */
export const problemOf = (error: unknown, status?: number): Problem => {
  if (error instanceof AppError) {
    const { errors, jobId } = error.details
    return {
      ...titled(status ?? statusOf[error.code], error.code, error.message),
      ...(errors === undefined ? {} : { errors }),
      ...(jobId === undefined ? {} : { jobId }),
    }
  }
  if (isFrameworkError(error)) {
    const code = codeOfStatus[error.statusCode]
    return titled(
      code === undefined ? error.statusCode : statusOf[code],
      code ?? 'invalid_request',
      code === 'unsupported_media_type' ? 'Send the body as application/json.' : error.message,
    )
  }
  return titled(500, 'internal', 'Something went wrong on our side; the log of the daemon has the details.')
}

/**
 * After so many seconds another try makes sense: a lock on the database is over in moments, and it takes longer until a full
 * disk has room again.
 */
const storageRetry: Partial<Record<AppErrorCode, number>> = { storage_unavailable: 2, storage_full: 30 }

const retryAfterOf = ({ code, details }: AppError): number | undefined =>
  details.retryAfterSeconds ?? storageRetry[code]

const brokenOff: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

/**
 * Returns whether the client went away, or was cut off, before its whole request had come. In most cases nobody reads the
 * answer.
 */
const isBrokenOff = (error: unknown, { raw }: FastifyRequest): boolean =>
  !raw.complete && error instanceof Error && 'code' in error && brokenOff.has(error.code)

const describe = (error: unknown): object =>
  error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : { name: typeof error }

const about = ({ id, routeOptions }: FastifyRequest): object => ({ reqId: id, route: routeOptions.url })

/** Answers a problem. It goes as bytes, so that fastify adds no charset: JSON has none (RFC 8259). */
export const answerProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .code(problem.status)
    .header('content-type', problemMediaType)
    .send(Buffer.from(JSON.stringify(problem)))

/** Answers a thrown error as problem+json. Bugs are logged here, once, with the id of the request. */
export const sendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  if (isBrokenOff(error, request)) {
    request.log.debug(about(request), 'A request broke off before it had arrived completely.')
    return answerProblem(
      reply,
      titled(400, 'invalid_request', 'The request broke off before its body had arrived completely.'),
    )
  }
  const problem = problemOf(error)
  if (problem.code === 'internal') {
    request.log.error({ ...about(request), error: describe(error) }, 'A request failed because of a bug.')
    reply.header('x-request-id', request.id)
  }
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="longshore"')
  const retryAfterSeconds = error instanceof AppError ? retryAfterOf(error) : undefined
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return answerProblem(reply, problem)
}
