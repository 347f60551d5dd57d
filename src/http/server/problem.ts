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

/** RFC 9457. `type` is about:blank, so `title` is the status's own phrase; `code` is what programs go by. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: AppErrorCode
  readonly errors?: readonly FieldError[]
  readonly jobId?: string
}

/** A problem of a status, for which there may be no better code. */
export const titled = (status: number, code: AppErrorCode, detail: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  code,
})

/** Statuses with which fastify refuses a request, for the codes that say the same. */
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

/** Errors by which fastify itself refuses a request: their texts are fixed and hold nothing of ours. */
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
 * How any thrown value reads to the caller. What is not meant for callers becomes `internal`, without detail. `status`
 * overrules the one that an AppError's code has.
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

/** How soon the database is worth another try, in seconds: what holds it is over in moments, room takes longer to make. */
const storageRetry: Partial<Record<AppErrorCode, number>> = { storage_unavailable: 2, storage_full: 30 }

const retryAfterOf = ({ code, details }: AppError): number | undefined =>
  details.retryAfterSeconds ?? storageRetry[code]

const brokenOff: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'])

/** Whether the client went away, or was cut off, before its request had come whole. Most often nobody reads the answer. */
const isBrokenOff = (error: unknown, { raw }: FastifyRequest): boolean =>
  !raw.complete && error instanceof Error && 'code' in error && brokenOff.has(error.code)

const describe = (error: unknown): object =>
  error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : { name: typeof error }

/** Answers a problem. As bytes, so that fastify adds no charset: JSON has none (RFC 8259). */
export const answerProblem = (reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .code(problem.status)
    .header('content-type', problemMediaType)
    .send(Buffer.from(JSON.stringify(problem)))

/** Answers a thrown error as problem+json. Bugs are logged here, once; the request id is bound to the request's logger. */
export const sendProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  if (isBrokenOff(error, request)) {
    request.log.debug({ route: request.routeOptions.url }, 'A request broke off before it had come whole.')
    return answerProblem(reply, titled(400, 'invalid_request', 'The request broke off before its body had come whole.'))
  }
  const problem = problemOf(error)
  if (problem.code === 'internal') {
    request.log.error({ error: describe(error), route: request.routeOptions.url }, 'A request failed by a bug.')
    reply.header('x-request-id', request.id)
  }
  if (problem.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="longshore"')
  const retryAfterSeconds = error instanceof AppError ? retryAfterOf(error) : undefined
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return answerProblem(reply, problem)
}
