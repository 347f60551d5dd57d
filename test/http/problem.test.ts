import { describe, expect, it } from 'vitest'
import { AppError, type AppErrorCode, appErrorCodes } from '../../src/core/app-error.js'
import { problemSchema } from '../../src/http/shapes/problems.js'
import { createHarness } from './harness.js'

/** This is the contract's table of errors. */
const statuses: Readonly<Record<AppErrorCode, number>> = {
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
  storage_full: 507,
  storage_unavailable: 503,
}

const setup = (thrown: unknown) =>
  createHarness({
    answers: {
      get: async () => {
        throw thrown
      },
    },
  })

describe('A thrown AppError', () => {
  it.each(appErrorCodes)('%s is answered as its status', async (code) => {
    const { app } = await setup(new AppError(code, 'Because.', { retryAfterSeconds: 7 }))
    const answer = await app.inject('/v1/jobs/job-1')
    expect(answer.statusCode).toBe(statuses[code])
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['retry-after']).toBe('7')
    const problem = problemSchema.strict().parse(answer.json())
    expect(problem).toMatchObject({ code, status: statuses[code], detail: 'Because.', type: 'about:blank' })
    expect(problem.title).toMatch(/^[A-Z]/)
  })

  it('shows the fields and the job it names', async () => {
    const errors = [{ path: 'target.key', message: 'must not be empty' }]
    const { app } = await setup(new AppError('invalid_request', 'No.', { errors, jobId: 'job-9' }))
    expect((await app.inject('/v1/jobs/job-1')).json()).toMatchObject({ errors, jobId: 'job-9' })
  })
})

describe('Anything else that is thrown', () => {
  it.each([
    new Error('secret detail'),
    new TypeError('secret detail'),
    Object.assign(new Error('secret detail'), { statusCode: 400, code: 'ESECRET' }),
    Object.assign(new Error('secret detail'), { statusCode: 503, code: 'FST_ERR_SECRET' }),
  ])('is a 500 without detail, logged once: %s', async (thrown) => {
    const { app, lines } = await setup(thrown)
    const answer = await app.inject('/v1/jobs/job-1')
    expect(answer.statusCode).toBe(500)
    expect(problemSchema.strict().parse(answer.json()).code).toBe('internal')
    expect(answer.body).not.toContain('secret')
    expect(answer.headers['x-request-id']).toEqual(expect.any(String))
    const errors = lines.filter(({ level }) => level !== 'debug')
    expect(errors).toMatchObject([{ level: 'error', fields: { error: { message: 'secret detail' } } }])
  })

  it('is a 500 even when it is no Error', async () => {
    const { app } = await setup('a string')
    const answer = await app.inject('/v1/jobs/job-1')
    expect(answer.statusCode).toBe(500)
    expect(answer.json().code).toBe('internal')
  })
})

describe('What a caller did wrong', () => {
  it('is not logged as a failure of ours', async () => {
    const { app, lines } = await setup(new AppError('invalid_state', 'No.'))
    await app.inject('/v1/jobs/job-1')
    expect(lines.filter(({ level }) => level !== 'debug')).toEqual([])
  })
})
