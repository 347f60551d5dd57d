import { z } from 'zod'
import { type AppErrorCode, appErrorCodes } from '../../core/app-error.js'
import { type Problem, titled } from '../server/problem.js'

export const problemFields = {
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('What happened and what to do, for people.'),
  code: z.enum(appErrorCodes).describe('Stable; what programs go by.'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .readonly()
    .optional()
    .describe('The offending fields.'),
  jobId: z.string().optional().describe('The job that stands in the way (target_busy).'),
}

export const problemSchema = z.object(problemFields).meta({
  description: 'RFC 9457 problem details.',
  examples: [
    {
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'source.path must be an absolute path.',
      code: 'invalid_request',
      errors: [{ path: 'source.path', message: 'must be an absolute path' }],
    },
  ],
})

/** What each status of an answer means; of a refusal with the codes that come with it. */
export const meanings: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Made, and durable. `Location` names it; `Idempotency-Replayed: true` tells that it was made before.',
  202: 'Accepted, or still under way: how it is now.',
  204: 'Removed.',
  400: '`invalid_request`: `errors` names the offending fields.',
  401: '`unauthorized`: no valid token.',
  403: '`forbidden`: the token lacks the scope, or a web page of another origin asks; `target_not_allowed`.',
  404: '`job_not_found`, `batch_not_found`, `webhook_not_found`, `verb_not_found`: there is none of this id.',
  408: '`request_timeout`: the request did not arrive completely in time.',
  409: '`invalid_state`: the state of the job or batch forbids it; `target_busy`: `jobId` names the job in the way.',
  412: '`precondition_failed`: the job is at another version than `If-Match` names.',
  413: '`payload_too_large`: the body is over 1 MiB (of a batch: 16 MiB).',
  415: '`unsupported_media_type`: the body is not application/json.',
  421: '`misdirected`: the Host header is not one of ours.',
  422: '`source_unavailable`: the source cannot be read; `idempotency_mismatch`: the key was used with another body.',
  429: '`rate_limited`: the token sends too many requests; `queue_full`: `LONGSHORE_MAX_QUEUED` jobs are queued. `Retry-After` says when to come back.',
  431: '`head_too_large`: address and headers are longer than 16 KiB together.',
  500: '`internal`: a bug.',
  502: '`oss_refused`: OSS refuses what the request needs; `detail` has its words.',
  503: '`draining`: no new work is taken; `storage_unavailable`; `oss_unavailable`: OSS does not answer. `Retry-After` may say when to come back.',
  507: '`storage_full`: the disk of the database is full.',
}
const commonProblems = [400, 401, 403, 408, 421, 429, 431, 500] as const

/** The problem answers of an operation: those that any may give, and its own. */
export const problems = <S extends number>(...own: readonly S[]) =>
  Object.fromEntries([...commonProblems, ...own].map((status) => [status, problemSchema])) as Record<
    S | (typeof commonProblems)[number],
    typeof problemSchema
  >

const openStatuses = [400, 403, 408, 421, 431, 500] as const

/** Those of an operation that asks for no token. */
export const openProblems = () =>
  Object.fromEntries(openStatuses.map((status) => [status, problemSchema])) as Record<
    (typeof openStatuses)[number],
    typeof problemSchema
  >

/** What a problem of this status says, after the first code that the meaning of the status names. */
export const problemExample = (status: string): Problem => {
  const [, code = 'internal', said = ''] = /^`(\w+)`(?:, `\w+`)*:? ?([^;]*)/.exec(meanings[status] ?? '') ?? []
  const sentence = said.replace(/\.?$/, '.')
  return titled(Number(status), code as AppErrorCode, sentence.charAt(0).toUpperCase() + sentence.slice(1))
}
