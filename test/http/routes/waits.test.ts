import { describe, expect, it } from 'vitest'
import type { WaitFilter } from '../../../src/engine/use-cases/waits.js'
import { waitSchema } from '../../../src/http/shapes/waits.js'
import { createHarness, validBody } from '../harness.js'

const setup = createHarness
const pending = { done: false, counts: { pending: 3, completed: 0, failed: 0, cancelled: 0 } }

describe('GET /v1/wait', () => {
  it('answers 200 with the counts when nothing is pending, 202 when something still is', async () => {
    const { app, waits } = await setup()
    const done = await app.inject('/v1/wait')
    expect(done.statusCode).toBe(200)
    expect(waitSchema.strict().parse(done.json())).toEqual({ pending: 0, completed: 2, failed: 1, cancelled: 0 })
    waits.answer = pending
    const open = await app.inject('/v1/wait')
    expect([open.statusCode, open.json()]).toEqual([202, pending.counts])
  })

  it('passes everything on that it is asked for', async () => {
    const { app, waits } = await setup()
    const query = 'label=run=4=2&label=cam&batch=b1&job=a,b&job=c&since=2026-01-01T00:00:00Z&timeout=1m'
    expect((await app.inject(`/v1/wait?${query}`)).statusCode).toBe(200)
    const labels = [
      { key: 'run', value: '4=2' },
      { key: 'cam', value: null },
    ]
    const filter = { batchId: 'b1', labels, since: { at: Date.UTC(2026, 0, 1) }, ids: ['a', 'b', 'c'] }
    expect(waits.calls).toEqual([{ filter, timeoutMs: 55_000 }])
  })

  it.each([
    ['30', 30_000],
    ['0', 0],
    ['2s', 2000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['5m', 55_000],
    ['1h', 55_000],
    ['999999999999', 55_000],
    ['9'.repeat(400), 55_000],
  ])('takes a timeout of %s', async (timeout, timeoutMs) => {
    const { app, waits } = await setup()
    await app.inject(`/v1/wait?timeout=${timeout}`)
    expect(waits.calls).toEqual([{ filter: {}, timeoutMs }])
  })

  it.each(['timeout=soon', 'timeout=-1', 'since=yesterday', 'job=', 'color=red', `job=${'x,'.repeat(500)}x`])(
    'refuses %j',
    async (query) => {
      const { app, waits } = await setup()
      const answer = await app.inject(`/v1/wait?${query}`)
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'invalid_request'])
      expect(waits.calls).toEqual([])
    },
  )
})

const at = (filter: WaitFilter | undefined): number => {
  if (filter?.since === undefined || !('at' in filter.since)) throw new Error('no instant')
  return filter.since.at
}

describe('POST /v1/drain', () => {
  it('refuses submits until it is undone, answers like a wait and makes the daemon unready', async () => {
    const { app, waits } = await setup()
    waits.answer = pending
    const submit = () => app.inject({ method: 'POST', url: '/v1/jobs', payload: validBody })
    const begun = await app.inject({ method: 'POST', url: '/v1/drain', payload: { timeoutSeconds: 0 } })
    expect([begun.statusCode, begun.json()]).toEqual([202, pending.counts])
    const refused = await submit()
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'draining'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    const probe = await app.inject('/readyz')
    expect(probe.statusCode).toBe(503)
    expect(probe.json()).toMatchObject({ code: 'draining', checks: { accepting: { ok: false, code: 'draining' } } })
    expect((await app.inject('/livez')).statusCode).toBe(200)

    const undone = await app.inject({ method: 'DELETE', url: '/v1/drain' })
    expect([undone.statusCode, undone.body]).toEqual([204, ''])
    expect((await submit()).statusCode).toBe(201)
    expect((await app.inject('/readyz')).statusCode).toBe(200)
  })

  it('waits for everything, 30 s when it is not told, and no longer than 55 s', async () => {
    const { app, waits } = await setup()
    for (const payload of [undefined, {}, { timeoutSeconds: 90 }, { timeoutSeconds: 0.5 }]) {
      const answer = await app.inject({ method: 'POST', url: '/v1/drain', ...(payload && { payload }) })
      expect(answer.statusCode).toBe(200)
    }
    expect(waits.calls.map(({ timeoutMs }) => timeoutMs)).toEqual([30_000, 30_000, 55_000, 500])
    const [first, ...later] = waits.calls.map(({ filter }) => filter)
    expect(first?.since).toMatchObject({ at: expect.any(Number) })
    for (const filter of later) expect(Math.abs(at(filter) - at(first))).toBeLessThan(2)
  })

  it('widens what it counts by `since`, in the body or in the query', async () => {
    const { app, waits } = await setup()
    const now = Date.now()
    for (const [url, payload] of [
      ['/v1/drain', { since: '1h' }],
      ['/v1/drain?since=1h', undefined],
      ['/v1/drain', { since: new Date(now - 3_600_000).toISOString() }],
    ] as const) {
      expect((await app.inject({ method: 'POST', url, ...(payload && { payload }) })).statusCode).toBe(200)
    }
    for (const { filter } of waits.calls) expect(Math.abs(at(filter) - (now - 3_600_000))).toBeLessThan(60_000)
    const refused = await app.inject({ method: 'POST', url: '/v1/drain', payload: { since: 'yesterday' } })
    expect(refused.statusCode).toBe(400)
  })

  it('needs no body, whatever the content type says', async () => {
    const { app } = await setup()
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded', '', 'a', ';', 'a/b/c']) {
      const answer = await app.inject({ method: 'POST', url: '/v1/drain', headers: { 'content-type': type } })
      expect(answer.statusCode, type).toBe(200)
    }
  })

  it('refuses what it does not understand, and then drains nothing', async () => {
    const { app, drain } = await setup()
    const post = async (payload: string, type: string): Promise<number> =>
      (await app.inject({ method: 'POST', url: '/v1/drain', headers: { 'content-type': type }, payload })).statusCode
    expect(await post('{"timeoutSeconds":"1"}', 'application/json')).toBe(400)
    expect(await post('{"timeoutSeconds":-1}', 'application/json')).toBe(400)
    expect(await post('{"force":true}', 'application/json')).toBe(400)
    expect(await post('timeoutSeconds=1', 'text/plain')).toBe(415)
    expect(drain.refusal()).toBeNull()
  })
})
