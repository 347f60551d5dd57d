import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { scopes } from '../../src/core/caller.js'
import { guardScopes } from '../../src/http/guard/auth.js'
import { createSessions } from '../../src/http/guard/sessions.js'
import { createHarness, fixedTokens, realClock, tokenOf } from './harness.js'

const setup = async () => {
  const harness = await createHarness({
    tokens: fixedTokens(scopes.map((scope) => tokenOf(scope, `${scope}-secret`))),
  })
  const ask = (method: string, url: string, headers: Record<string, string> = {}, payload?: unknown) =>
    harness.app.inject({
      method: method as 'GET',
      url,
      headers,
      ...(payload === undefined ? {} : { payload: payload as object }),
    })
  return { ...harness, ask }
}

describe('Tokens', () => {
  it.each([
    ['a malformed body', { payload: '{' }],
    ['an invalid body', { payload: '{}' }],
    ['a wrong media type', { payload: 'x', headers: { 'content-type': 'text/plain' } }],
    ['a body that is too large', { payload: JSON.stringify('x'.repeat(2 << 20)) }],
  ])(
    'are asked for before %s is looked at',
    async (_what, { payload, headers }: { payload: string; headers?: object }) => {
      const { app } = await setup()
      const type = { 'content-type': 'application/json' }
      const answer = await app.inject({ method: 'POST', url: '/v1/jobs', headers: { ...type, ...headers }, payload })
      expect(answer.statusCode).toBe(401)
    },
  )

  it('are asked for before an unknown job is', async () => {
    const { ask } = await setup()
    expect((await ask('GET', '/v1/jobs/nope')).statusCode).toBe(401)
    expect((await ask('GET', '/v1/jobs?color=red')).statusCode).toBe(401)
  })

  it.each(['token', 'access_token', 'authorization'])('never count in the URL, as ?%s=', async (name) => {
    const { ask } = await setup()
    expect((await ask('GET', `/v1/jobs?${name}=admin-secret`)).statusCode).toBe(401)
  })

  it.each(['admin-secret', 'Basic admin-secret', 'Bearer', 'Bearer ', 'Bearer admin-secret x', 'Bearer ADMIN-SECRET'])(
    'do not count as "%s"',
    async (authorization) => {
      const { ask } = await setup()
      const { statusCode, headers } = await ask('GET', '/v1/jobs', { authorization })
      expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="longshore"'])
    },
  )

  it('count whatever the case of the scheme', async () => {
    const { ask } = await setup()
    expect((await ask('GET', '/v1/jobs', { authorization: 'bearer  read-secret' })).statusCode).toBe(200)
  })

  it('are refused one by one, a hundred wrong ones in a burst', async () => {
    const { ask } = await setup()
    const guesses = Array.from({ length: 100 }, (_, index) =>
      ask('GET', '/v1/jobs', { authorization: `Bearer ${index}` }),
    )
    expect(new Set((await Promise.all(guesses)).map(({ statusCode }) => statusCode))).toEqual(new Set([401]))
  })

  it('are named in the log where they change something or try to, and stay secret', async () => {
    const { ask, lines, jobs } = await setup()
    await ask('POST', '/v1/jobs/job-1/pause', { authorization: 'Bearer submit-secret' })
    await ask('DELETE', '/v1/jobs/job-1', { authorization: 'Bearer read-secret' })
    await ask('GET', '/v1/jobs', { authorization: 'Bearer read-secret' })
    const audit = lines.filter(({ level }) => level === 'info').map(({ fields }) => fields)
    const reqId: unknown = expect.stringMatching(/./)
    expect(audit).toEqual([
      { reqId, by: 'the submit', method: 'POST', route: '/v1/jobs/:id/pause', id: 'job-1', status: 202 },
      { reqId, by: 'the read', method: 'DELETE', route: '/v1/jobs/:id', id: 'job-1', status: 403 },
    ])
    expect(jobs.calls[0]).toMatchObject({ method: 'control', args: ['job-1', 'pause', { name: 'the submit' }] })
  })

  it('that have ended or begun meanwhile do not count, or do', async () => {
    let current = [tokenOf('read', 'old')]
    const { app } = await createHarness({ tokens: { ...fixedTokens(current), current: () => current } })
    const status = async (token: string) =>
      (await app.inject({ url: '/v1/jobs', headers: { authorization: `Bearer ${token}` } })).statusCode
    expect([await status('old'), await status('new')]).toEqual([200, 401])
    current = [tokenOf('read', 'new')]
    expect([await status('old'), await status('new')]).toEqual([401, 200])
  })

  it('leave no trace in answers and logs', async () => {
    const { ask, lines } = await setup()
    const answers = [
      await ask('GET', '/v1/jobs?token=canary-9', { authorization: 'Bearer canary-9' }),
      await ask('GET', '/v1/jobs', { authorization: 'Bearer read-secret' }),
    ]
    const everything = JSON.stringify([lines, answers.map(({ headers, body }) => [headers, body])])
    expect(everything).not.toContain('canary-9')
    expect(everything).not.toContain('read-secret')
  })
})

describe('Without tokens', () => {
  it('everything is allowed', async () => {
    const { app } = await createHarness()
    expect((await app.inject('/v1/jobs')).statusCode).toBe(200)
    expect((await app.inject({ url: '/v1/jobs', headers: { authorization: 'Bearer any' } })).statusCode).toBe(200)
  })
})

describe('A route without a scope', () => {
  it('keeps the app from starting', async () => {
    const app = Fastify()
    guardScopes(app, {
      tokens: fixedTokens([]),
      sessions: createSessions(realClock, fixedTokens([])),
      brake: async () => undefined,
      limit: async () => undefined,
    })
    app.get('/open', { config: { scope: 'none' } }, async () => 'ok')
    app.get('/forgotten', async () => 'ok')
    await expect(app.ready()).rejects.toThrow('Routes without a scope: GET /forgotten')
  })
})
