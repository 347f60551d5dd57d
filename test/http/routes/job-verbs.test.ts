import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import { anybody } from '../../../src/core/caller.js'
import { verbs } from '../../../src/core/verb.js'
import { createHarness, jobView } from '../harness.js'

const setup = createHarness

describe.each(verbs)('POST /v1/jobs/:id/%s', (verb) => {
  it('answers 202 with the job', async () => {
    const { app, jobs } = await setup()
    const answer = await app.inject({ method: 'POST', url: `/v1/jobs/job-1/${verb}` })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual(jobView())
    expect(jobs.calls).toEqual([{ method: 'control', args: ['job-1', verb, anybody] }])
  })

  it('answers 409 where the state forbids it', async () => {
    const control = async () => {
      throw new AppError('invalid_state', 'The job is completed.')
    }
    const { app } = await setup({ answers: { control } })
    const answer = await app.inject({ method: 'POST', url: `/v1/jobs/job-1/${verb}` })
    expect(answer.statusCode).toBe(409)
    expect(answer.json().code).toBe('invalid_state')
  })

  it('answers 404 for a job that is not there', async () => {
    const { app } = await setup()
    const answer = await app.inject({ method: 'POST', url: `/v1/jobs/nope/${verb}` })
    expect(answer.json().code).toBe('job_not_found')
  })
})

describe('Requests without a body', () => {
  const address = { method: 'POST', url: '/v1/jobs/job-1/pause' } as const

  it.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/xml; charset=latin1',
    '',
    'nonsense',
    '/',
    'a/b/c',
    'text/plain; charset',
  ])('pass with the content type %j, with and without a length', async (type) => {
    const { app } = await setup()
    for (const length of [{}, { 'content-length': '0' }]) {
      const headers = { 'content-type': type, ...length }
      expect((await app.inject({ ...address, headers })).statusCode).toBe(202)
      expect((await app.inject({ method: 'DELETE', url: '/v1/jobs/job-1', headers })).statusCode).toBe(204)
      expect((await app.inject({ ...address, headers, payload: '{}' })).statusCode).toBe(202)
    }
  })

  it.each(['', '{}', ' { } \n'])('may carry %j', async (payload) => {
    const { app } = await setup()
    const headers = { 'content-type': 'application/json' }
    expect((await app.inject({ ...address, headers, payload })).statusCode).toBe(202)
  })

  it.each(['{"force":true}', 'null', 'x'])('are refused when they carry %j', async (payload) => {
    const { app, jobs } = await setup()
    const headers = { 'content-type': 'application/json' }
    const answer = await app.inject({ ...address, headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({ code: 'invalid_request', detail: 'This request takes no body.' })
    expect(jobs.calls).toEqual([])
  })

  it('are refused with unknown query parameters', async () => {
    const { app, jobs } = await setup()
    const answer = await app.inject({ ...address, url: `${address.url}?force=1` })
    expect(answer.statusCode).toBe(400)
    expect(jobs.calls).toEqual([])
  })
})

describe('DELETE /v1/jobs/:id', () => {
  it('answers 204 without a body', async () => {
    const { app, jobs } = await setup()
    const answer = await app.inject({ method: 'DELETE', url: '/v1/jobs/job-1' })
    expect(answer.statusCode).toBe(204)
    expect(answer.body).toBe('')
    expect(jobs.calls).toEqual([{ method: 'remove', args: ['job-1', anybody] }])
  })

  it('answers 404 for a job that is not there', async () => {
    const { app } = await setup()
    expect((await app.inject({ method: 'DELETE', url: '/v1/jobs/nope' })).json().code).toBe('job_not_found')
  })
})
