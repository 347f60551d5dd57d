import { afterEach, describe, expect, it } from 'vitest'
import { jobRequest } from '../../contract/store-setup.js'
import { extendBatch } from '../../contract/store-walk.js'
import { createIdleBatches } from '../batches-setup.js'
import { createHarness, type Harness, realClock } from '../harness.js'

let opened: Harness[] = []
afterEach(async () => {
  await Promise.all(opened.map(({ app }) => app.close()))
  opened = []
})

const valid = { source: { dir: '/srv/in/out' }, target: { bucket: 'media', prefix: 'out' } }

const setup = async (overrides: Parameters<typeof createHarness>[0] = {}) => {
  const { batches, store } = createIdleBatches(realClock)
  const harness = await createHarness({ batches, ...overrides })
  opened.push(harness)
  const post = (payload: object, headers: Record<string, string> = {}) =>
    harness.app.inject({ method: 'POST', url: '/v1/batches', payload, headers })
  const verb = (id: string, name: string) => harness.app.inject({ method: 'POST', url: `/v1/batches/${id}/${name}` })
  return { ...harness, store, post, verb }
}

const namesOf = (answer: { json(): { errors?: { path: string }[] } }): string[] =>
  (answer.json().errors ?? []).map(({ path }) => path)

describe('POST /v1/batches', () => {
  it('answers 201 with the batch and where it is', async () => {
    const { app, post } = await setup()
    const answer = await post({ ...valid, labels: { run: '1' }, dryRun: false })
    expect(answer.statusCode).toBe(201)
    expect(answer.headers['location']).toBe('/v1/batches/b-1')
    expect(answer.json()).toMatchObject({
      id: 'b-1',
      state: 'scanning',
      target: { bucket: 'media', prefix: 'out/' },
      totals: { jobs: 0, queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0, skipped: 0, bytesTotal: 0 },
      walk: { done: false, seen: 0, problems: [] },
      labels: { run: '1' },
      finishedAt: null,
    })
    expect((await app.inject('/v1/batches/b-1')).json()).toEqual(answer.json())
    expect((await app.inject('/v1/batches')).json().items).toEqual([answer.json()])
  })

  it('makes one batch of the same request with the same Idempotency-Key', async () => {
    const { post } = await setup()
    const headers = { 'idempotency-key': 'k' }
    expect((await post(valid, headers)).headers['idempotency-replayed']).toBeUndefined()
    const again = await post(valid, headers)
    expect([again.statusCode, again.headers['idempotency-replayed'], again.json().id]).toEqual([201, 'true', 'b-1'])
    const other = await post({ ...valid, dryRun: true }, headers)
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency_mismatch'])
  })

  it.each([
    ['neither dir nor files', {}, ['source']],
    ['both', { dir: '/a', files: ['/a'] }, ['source']],
    ['an empty list', { files: [] }, ['source.files']],
    ['patterns for a list', { files: ['/a'], include: ['x'] }, ['source.include']],
    ['a relative directory', { dir: 'in' }, ['source.dir']],
    [
      'a relative path and a bad key',
      { files: ['a', { path: '/b', key: '../b' }] },
      ['source.files.0', 'source.files.1.key'],
    ],
    ['what is no path', { files: [7] }, ['source.files.0']],
    ['an unknown field of a file', { files: [{ path: '/a', name: 'x' }] }, ['source.files.0.name']],
    ['an unknown field', { dir: '/a', glob: 'x' }, ['source.glob']],
    ['an empty pattern', { dir: '/a', include: [''] }, ['source.include.0']],
    ['a negated pattern', { dir: '/a', exclude: ['!x'] }, ['source.exclude.0']],
    ['an absolute pattern', { dir: '/a', exclude: ['/x'] }, ['source.exclude.0']],
  ])('refuses %s', async (_what, source, paths) => {
    const { post } = await setup()
    const answer = await post({ ...valid, source })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
    expect(namesOf(answer)).toEqual(paths)
  })

  it.each(['/out', 'a//b', '../x', 'a/./b', 'new\nline'])('refuses the prefix %j', async (prefix) => {
    const { post } = await setup()
    expect(namesOf(await post({ ...valid, target: { bucket: 'media', prefix } }))).toEqual(['target.prefix'])
  })

  it('knows the options of a job but those of one file', async () => {
    const { post } = await setup()
    expect(
      (await post({ ...valid, parallel: 2, ifExists: 'skipSame', notAfter: '2100-01-01T00:00:00Z' })).statusCode,
    ).toBe(201)
    expect(namesOf(await post({ ...valid, crc64: '1' }))).toEqual(['crc64'])
    expect(
      namesOf(await post({ ...valid, notBefore: '2100-01-01T00:00:00Z', notAfter: '2099-01-01T00:00:00Z' })),
    ).toEqual(['notAfter'])
  })

  it('answers 422 for a directory that cannot be read', async () => {
    const { post } = await setup()
    const answer = await post({ ...valid, source: { dir: '/srv/elsewhere' } })
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'source_unavailable'])
  })

  it('takes a list of 8 MiB, and answers 413 beyond 16 MiB', async () => {
    const { post } = await setup()
    const files = Array.from({ length: 80_000 }, (_, i) => `/srv/in/${'x'.repeat(90)}/${i}`)
    const answer = await post({ ...valid, source: { files } })
    expect(answer.statusCode).toBe(201)
    const big = await post({ ...valid, source: { files: [...files, ...files] } })
    expect([big.statusCode, big.json().code]).toEqual([413, 'payload_too_large'])
  })

  it('names at most a hundred bad fields', async () => {
    const { post } = await setup()
    expect(namesOf(await post({ ...valid, source: { files: Array(5000).fill('relative') } }))).toHaveLength(100)
  })

  it('refuses while the daemon drains', async () => {
    const { post, drain, store } = await setup()
    drain.close()
    const answer = await post(valid)
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'draining'])
    expect(await store.getBatch('b-1')).toBeNull()
  })
})

describe('a batch', () => {
  it('obeys its verbs with 202, or says what it is', async () => {
    const { post, verb } = await setup()
    await post(valid)
    expect((await verb('b-1', 'pause')).json().state).toBe('paused')
    const resumed = await verb('b-1', 'resume')
    expect([resumed.statusCode, resumed.json().state]).toEqual([202, 'scanning'])
    expect((await verb('b-1', 'cancel')).json().state).toBe('cancelled')
    const refused = await verb('b-1', 'retry')
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'invalid_state'])
    expect(refused.json().detail).toContain('The batch is cancelled')
  })

  it('has problems and, after a dry run, files, in pages', async () => {
    const { app, post, store } = await setup()
    await post({ ...valid, dryRun: true })
    const problem = {
      path: '/srv/in/out/a',
      code: 'name_not_utf8',
      message: 'The name is not UTF-8',
      jobId: null,
    } as const
    const planned = [{ path: '/srv/in/out/b', key: 'out/b', size: 3 }]
    await extendBatch(store, 'b-1', { jobs: [], problems: [problem], planned, listed: null })
    expect((await app.inject('/v1/batches/b-1/problems')).json()).toEqual({ items: [problem], nextCursor: null })
    expect((await app.inject('/v1/batches/b-1/files?limit=1')).json()).toEqual({ items: planned, nextCursor: null })
    expect((await app.inject('/v1/batches/b-1')).json().walk).toEqual({
      done: false,
      seen: 2,
      problemCount: 1,
      problems: [problem],
    })
  })

  it('has a manifest of one JSON object per line', async () => {
    const { app, post, store } = await setup()
    await post(valid)
    const jobs = Array.from({ length: 450 }, (_, i) => jobRequest(`j-${i}`, { batchId: 'b-1' }))
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    const answer = await app.inject('/v1/batches/b-1/manifest')
    expect(answer.headers['content-type']).toContain('application/x-ndjson')
    const lines = answer.body
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).reverse())
  })

  it('is forgotten with its jobs once it is settled', async () => {
    const { app, post, store } = await setup()
    const remove = (id: string) => app.inject({ method: 'DELETE', url: `/v1/batches/${id}` })
    expect((await remove('b-1')).json()).toMatchObject({ status: 404, code: 'batch_not_found' })
    await post(valid)
    const jobs = ['j-1', 'j-2'].map((id) => jobRequest(id, { batchId: 'b-1' }))
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    const early = await remove('b-1')
    expect([early.statusCode, early.json().code]).toEqual([409, 'invalid_state'])
    expect((await app.inject('/v1/batches/b-1')).statusCode).toBe(200)
    await store.controlBatch('b-1', 'cancel')
    for (const { lease } of (await store.claim({ node: 'n', limit: 9, leaseMs: 1000 })).claims) {
      await store.finish(lease, { to: 'cancelled' })
    }
    expect((await app.inject('/v1/batches/b-1')).json()).toMatchObject({ state: 'cancelled', totals: { cancelled: 2 } })
    const answer = await remove('b-1')
    expect([answer.statusCode, answer.body]).toEqual([204, ''])
    expect((await app.inject('/v1/batches/b-1')).json().code).toBe('batch_not_found')
    expect((await remove('b-1')).json().code).toBe('batch_not_found')
    expect(await store.get('j-1')).toBeNull()
  })

  it('tells in its manifest of jobs that were deleted, as its totals do', async () => {
    const { app, post, store } = await setup()
    await post(valid)
    const jobs = ['j-1', 'j-2'].map((id) => jobRequest(id, { batchId: 'b-1' }))
    await extendBatch(store, 'b-1', { jobs, problems: [], planned: [], listed: null })
    await store.controlBatch('b-1', 'cancel')
    for (const { lease } of (await store.claim({ node: 'n', limit: 9, leaseMs: 1000 })).claims) {
      await store.finish(lease, { to: 'cancelled' })
    }
    await store.remove('j-2')
    const lines = (await app.inject('/v1/batches/b-1/manifest')).body.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line)).map(({ id, state }) => [id, state])).toEqual([
      ['j-1', 'cancelled'],
      ['j-2', 'cancelled'],
    ])
    expect((await app.inject('/v1/batches/b-1')).json().totals).toMatchObject({ jobs: 2, cancelled: 2 })
  })

  it('lists its jobs by the list of jobs', async () => {
    const { app, post, jobs } = await setup()
    await post(valid)
    await app.inject('/v1/batches/b-1/jobs?state=failed&limit=5')
    expect(jobs.calls.at(-1)).toEqual({
      method: 'list',
      args: [
        { batchId: 'b-1', states: ['failed'] },
        { limit: 5, cursor: null },
      ],
    })
    expect(namesOf(await app.inject('/v1/batches/b-1/jobs?batch=b-2'))).toEqual(['batch'])
  })

  it.each(['', '/jobs', '/problems', '/files', '/manifest'])('is 404 at %j when there is none', async (path) => {
    const { app } = await setup()
    const answer = await app.inject(`/v1/batches/nope${path}`)
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'batch_not_found'])
  })

  it('is 404 for verbs and events when there is none', async () => {
    const { app, verb } = await setup()
    expect((await verb('nope', 'pause')).json().code).toBe('batch_not_found')
    expect((await app.inject('/v1/events?batch=nope')).json().code).toBe('batch_not_found')
  })
})
