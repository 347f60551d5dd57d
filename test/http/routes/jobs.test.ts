import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import { anybody } from '../../../src/core/caller.js'
import { viewPart } from '../../../src/core/part-view.js'
import type { IdempotencyKey } from '../../../src/ports/idempotency-key.js'
import { createHarness, jobView, until, validBody } from '../harness.js'

let opened: FastifyInstance[] = []
afterEach(async () => {
  await Promise.all(opened.map((app) => app.close()))
  opened = []
})

const setup = async (overrides: Parameters<typeof createHarness>[0] = {}) => {
  const harness = await createHarness(overrides)
  opened.push(harness.app)
  const post = (payload: unknown, headers: Record<string, string> = {}) =>
    harness.app.inject({
      method: 'POST',
      url: '/v1/jobs',
      headers: { 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  const lastArgs = () => harness.jobs.calls.at(-1)?.args as unknown[] | undefined
  return { ...harness, post, lastArgs }
}

describe('POST /v1/jobs', () => {
  it('answers 201 with the job and its address', async () => {
    const { post, lastArgs } = await setup()
    const answer = await post(validBody)
    expect(answer.statusCode).toBe(201)
    expect(answer.headers.location).toBe('/v1/jobs/job-1')
    expect(answer.headers['idempotency-replayed']).toBeUndefined()
    expect(answer.json()).toEqual(jobView())
    expect(lastArgs()).toEqual([validBody, null, anybody])
  })

  it('hands over every field, instants as milliseconds', async () => {
    const { post, lastArgs } = await setup()
    const body = {
      ...validBody,
      partSize: 1 << 20,
      multipartThreshold: 10 << 20,
      parallel: 8,
      sequential: true,
      headers: { 'Content-Type': 'video/mp4' },
      ifExists: 'skipSame',
      crc64: '18446744073709551615',
      priority: -100,
      labels: { run: '42' },
      onSourceChange: 'restart',
    }
    const answer = await post({ ...body, notBefore: '2026-01-01T01:00:00+01:00', notAfter: '2026-01-02T00:00:00Z' })
    expect(answer.statusCode).toBe(201)
    const instants = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2026, 0, 2) }
    expect(lastArgs()?.[0]).toEqual({ ...body, ...instants })
  })

  it('tells a replay from a first submit', async () => {
    const { post } = await setup({ answers: { submit: async () => ({ job: jobView(), replayed: true }) } })
    const answer = await post(validBody, { 'idempotency-key': 'k1' })
    expect(answer.statusCode).toBe(201)
    expect(answer.headers['idempotency-replayed']).toBe('true')
  })

  it('gives equal requests one fingerprint, however they are written, and others another', async () => {
    const { post, lastArgs } = await setup()
    const fingerprintOf = async (body: unknown): Promise<IdempotencyKey> => {
      expect((await post(body, { 'idempotency-key': 'k1' })).statusCode).toBe(201)
      return lastArgs()?.[1] as IdempotencyKey
    }
    const first = await fingerprintOf({ ...validBody, labels: { a: '1', b: '2' } })
    const reordered = {
      labels: { b: '2', a: '1' },
      target: { key: 'dir/a.bin', bucket: 'media' },
      source: validBody.source,
    }
    const again = await fingerprintOf(` ${JSON.stringify(reordered, null, 3)}\n`)
    const other = await fingerprintOf({ ...validBody, labels: { a: '1', b: '3' } })
    expect(first).toEqual({ key: 'k1', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(again).toEqual(first)
    expect(other.fingerprint).not.toBe(first.fingerprint)
  })

  it.each(['', 'a b', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
    const { post, jobs } = await setup()
    const answer = await post(validBody, { 'idempotency-key': key })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors[0].path).toBe('idempotency-key')
    expect(jobs.calls).toEqual([])
  })

  it('names the job in the way', async () => {
    const submit = async () => {
      throw new AppError('target_busy', 'Another job writes this object.', { jobId: 'job-7' })
    }
    const { post } = await setup({ answers: { submit } })
    const answer = await post(validBody)
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'target_busy', jobId: 'job-7' })
  })

  it('takes no work while the daemon drains, and says when to come back', async () => {
    const { post, jobs, drain } = await setup()
    drain.close()
    const answer = await post(validBody)
    expect(answer.statusCode).toBe(503)
    expect(answer.json().code).toBe('draining')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(jobs.calls).toEqual([])
  })

  it('refuses a body over 1 MiB and takes one just below', async () => {
    const { post } = await setup()
    const padded = (bytes: number) => {
      const body = JSON.stringify(validBody)
      return body + ' '.repeat(bytes - body.length)
    }
    expect((await post(padded(1024 * 1024))).statusCode).toBe(201)
    const answer = await post(padded(1024 * 1024 + 1))
    expect(answer.statusCode).toBe(413)
    expect(answer.json().code).toBe('payload_too_large')
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'nonsense'])(
    'refuses the media type %s',
    async (type) => {
      const { post } = await setup()
      const answer = await post(validBody, { 'content-type': type })
      expect(answer.statusCode).toBe(415)
      expect(answer.json().code).toBe('unsupported_media_type')
    },
  )

  it('refuses a body without a media type', async () => {
    const { app } = await setup()
    const answer = await app.inject({ method: 'POST', url: '/v1/jobs', payload: JSON.stringify(validBody) })
    expect(answer.statusCode).toBe(415)
  })

  it('takes a charset beside the media type', async () => {
    const { post } = await setup()
    expect((await post(validBody, { 'content-type': 'application/json; charset=utf-8' })).statusCode).toBe(201)
  })

  it('refuses unknown query parameters', async () => {
    const { app } = await setup()
    const answer = await app.inject({ method: 'POST', url: '/v1/jobs?dryRun=1', payload: validBody })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors).toEqual([{ path: 'dryRun', message: 'is not a known field' }])
  })
})

describe('GET /v1/jobs', () => {
  it('asks for the first hundred without a filter', async () => {
    const { app, lastArgs } = await setup()
    const answer = await app.inject('/v1/jobs')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ items: [jobView()], nextCursor: null })
    expect(lastArgs()).toEqual([{}, { limit: 100, cursor: null }])
  })

  it('takes repeated and comma-separated states and repeated labels', async () => {
    const { app, lastArgs } = await setup()
    await app.inject(
      '/v1/jobs?state=queued,running&state=failed&bucket=media&batch=b1&label=run=4=2&label=night&label=empty=&limit=7&cursor=xyz',
    )
    const labels = [
      { key: 'run', value: '4=2' },
      { key: 'night', value: null },
      { key: 'empty', value: '' },
    ]
    expect(lastArgs()).toEqual([
      { states: ['queued', 'running', 'failed'], bucket: 'media', batchId: 'b1', labels },
      { limit: 7, cursor: 'xyz' },
    ])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['state=sleeping', 'state.0'],
    ['state=queued,', 'state.1'],
    ['label==x', 'label.0.key'],
    ['cursor=', 'cursor'],
    ['color=red', 'color'],
    ['__proto__=1', '__proto__'],
  ])('refuses ?%s naming %s', async (query, path) => {
    const { app, jobs } = await setup()
    const answer = await app.inject(`/v1/jobs?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors[0].path).toBe(path)
    expect(jobs.calls).toEqual([])
  })
})

describe('GET /v1/jobs/:id', () => {
  it('answers the job at once without ?wait=', async () => {
    const { app, jobs } = await setup()
    expect((await app.inject('/v1/jobs/job-1')).json()).toEqual(jobView())
    expect(jobs.calls.map(({ method }) => method)).toEqual(['get'])
  })

  it('answers HEAD like GET, without the body', async () => {
    const { app } = await setup()
    const head = await app.inject({ method: 'HEAD', url: '/v1/jobs/job-1' })
    expect(head.statusCode).toBe(200)
    expect(head.body).toBe('')
    expect((await app.inject({ method: 'HEAD', url: '/v1/jobs/nope' })).statusCode).toBe(404)
  })

  it('answers 404 for a job that is not there', async () => {
    const { app } = await setup()
    const answer = await app.inject('/v1/jobs/nope')
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such job.',
      code: 'job_not_found',
    })
  })

  it('takes ids far longer than ours, and refuses absurd ones', async () => {
    const { app } = await setup()
    expect((await app.inject(`/v1/jobs/${'x'.repeat(1024)}`)).json().code).toBe('job_not_found')
    const absurd = await app.inject(`/v1/jobs/${'x'.repeat(1025)}`)
    expect(absurd.statusCode).toBe(400)
    expect(absurd.json()).toMatchObject({ code: 'invalid_request', errors: [{ path: 'id' }] })
  })

  it.each([
    ['30', 30_000],
    ['30s', 30_000],
    ['0', 0],
    ['55s', 55_000],
    ['1m', 55_000],
    ['999999999m', 55_000],
    ['999999999999', 55_000],
    ['1h', 55_000],
  ])('waits ?wait=%s for at most %i ms', async (wait, ms) => {
    const { app, lastArgs } = await setup()
    expect((await app.inject(`/v1/jobs/job-1?wait=${wait}`)).statusCode).toBe(200)
    expect(lastArgs()?.[1]).toBe(ms)
  })

  it.each(['soon', '', '-1', '1y', '1e3', '30S', 'Infinity'])('refuses ?wait=%s', async (wait) => {
    const { app } = await setup()
    const answer = await app.inject(`/v1/jobs/job-1?wait=${encodeURIComponent(wait)}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors).toEqual([
      { path: 'wait', message: 'must be a duration like 30, 250ms, 30s, 5m or 1h' },
    ])
  })

  it('stops waiting when the client hangs up', async () => {
    const signals: AbortSignal[] = []
    const wait = (_id: string, _ms: number, signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))))
    }
    const { app } = await setup({ answers: { wait } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const client = httpRequest({ port: (app.server.address() as AddressInfo).port, path: '/v1/jobs/job-1?wait=30' })
    client.on('error', () => undefined)
    client.end()
    await until(() => signals.length === 1, 'the wait to begin')
    expect(signals[0]?.aborted).toBe(false)
    client.destroy()
    await until(() => signals[0]?.aborted === true, 'the wait to be aborted')
  })

  it('answers the current state when the app closes meanwhile', async () => {
    let waiting = false
    const wait = (_id: string, _ms: number, signal: AbortSignal) => {
      waiting = true
      return new Promise<ReturnType<typeof jobView>>((resolve) =>
        signal.addEventListener('abort', () => resolve(jobView())),
      )
    }
    const { app } = await setup({ answers: { wait } })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const answer = fetch(`${address}/v1/jobs/job-1?wait=30`)
    await until(() => waiting, 'the wait to begin')
    await app.close()
    expect((await answer).status).toBe(200)
  })
})

describe('GET /v1/jobs/:id/parts', () => {
  it('pages through the parts', async () => {
    const part = viewPart({
      partNumber: 1,
      offset: 0,
      size: 10,
      state: 'uploaded',
      etag: 'E',
      crc64: '1',
      proven: true,
      attempts: 1,
      uploadedAt: 0,
    })
    const { app, lastArgs } = await setup({ answers: { parts: async () => ({ items: [part], nextCursor: 'n' }) } })
    const answer = await app.inject('/v1/jobs/job-1/parts?limit=1000&cursor=c')
    expect(answer.json()).toEqual({ items: [part], nextCursor: 'n' })
    expect(lastArgs()).toEqual(['job-1', { limit: 1000, cursor: 'c' }])
  })

  it('answers 404 for a job that is not there', async () => {
    const { app } = await setup()
    expect((await app.inject('/v1/jobs/nope/parts')).json().code).toBe('job_not_found')
  })
})
