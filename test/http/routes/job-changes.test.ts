import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import { anybody } from '../../../src/core/caller.js'
import { createHarness, jobView } from '../harness.js'

const setup = async (...args: Parameters<typeof createHarness>) => {
  const harness = await createHarness(...args)
  const patch = (payload: object, headers: Record<string, string> = {}, url = '/v1/jobs/job-1') =>
    harness.app.inject({ method: 'PATCH', url, headers, payload })
  return { ...harness, patch }
}

describe('PATCH /v1/jobs/:id', () => {
  it('answers the changed job with its ETag', async () => {
    const { patch, jobs } = await setup({ answers: { change: async () => jobView({ version: 7 }) } })
    const changes = { priority: -100, parallel: 64, labels: { run: '42' } }
    const answer = await patch(changes)
    expect([answer.statusCode, answer.headers['etag'], answer.json()]).toEqual([200, '"v7"', jobView({ version: 7 })])
    expect(jobs.calls).toEqual([{ method: 'change', args: ['job-1', changes, null, anybody] }])
  })

  it('hands on only what is given', async () => {
    const { patch, jobs } = await setup()
    await patch({ parallel: 1 })
    await patch({})
    await patch({ bandwidth: '1MiB' })
    await patch({ bandwidth: null })
    await patch({ notAfter: '2026-01-01T08:00:00+08:00' })
    await patch({ notAfter: null })
    const deadlines = [{ notAfter: Date.UTC(2026, 0, 1) }, { notAfter: null }]
    const bandwidths = [{ bandwidth: 1_048_576, bandwidthAsked: '1MiB' }, { bandwidth: null }]
    const given = [{ parallel: 1 }, {}, ...bandwidths, ...deadlines]
    expect(jobs.calls.map(({ args }) => args[1])).toEqual(given)
  })

  it.each([
    ['"v3"', [3]],
    ['"v3", "v5"', [3, 5]],
    ['*', null],
    ['W/"v3"', []],
    ['"other"', []],
    ['"v03"', []],
  ])('reads If-Match: %s', async (ifMatch, versions) => {
    const { patch, jobs } = await setup()
    await patch({ priority: 1 }, { 'if-match': ifMatch })
    expect(jobs.calls[0]?.args[2]).toEqual(versions)
  })

  it('answers 412 when the job is at another version', async () => {
    const change = async () => {
      throw new AppError('precondition_failed', 'The job was changed meanwhile.')
    }
    const { patch } = await setup({ answers: { change } })
    const answer = await patch({ priority: 1 }, { 'if-match': '"v1"' })
    expect([answer.statusCode, answer.json().code]).toEqual([412, 'precondition_failed'])
  })

  it.each([
    { priority: 101 },
    { priority: 1.5 },
    { priority: null },
    { notAfter: 'tomorrow' },
    { notAfter: 0 },
    { notAfter: '2026-01-01T08:00:00' },
    { parallel: 0 },
    { parallel: 65 },
    { labels: { '': 'x' } },
    { labels: ['x'] },
    { state: 'paused' },
    { bandwidth: 'none' },
  ])('refuses %j', async (changes) => {
    const { patch, jobs } = await setup()
    const answer = await patch(changes)
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
    expect(jobs.calls).toEqual([])
  })

  it('refuses an If-Match that is none, and a job that is not there', async () => {
    const { patch } = await setup()
    expect((await patch({}, { 'if-match': 'v1' })).statusCode).toBe(400)
    const answer = await patch({}, {}, '/v1/jobs/nope')
    expect(answer.json().code).toBe('job_not_found')
  })
})

describe('The ETag', () => {
  it('comes with every answer that is one job', async () => {
    const { app } = await setup()
    const asked = [
      app.inject('/v1/jobs/job-1'),
      app.inject({ method: 'POST', url: '/v1/jobs/job-1/pause' }),
      app.inject({
        method: 'POST',
        url: '/v1/jobs',
        payload: { source: { path: '/a' }, target: { bucket: 'abc', key: 'a' } },
      }),
    ]
    for (const answer of await Promise.all(asked)) expect(answer.headers['etag']).toBe('"v1"')
  })
})
