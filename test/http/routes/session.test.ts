import { describe, expect, it } from 'vitest'
import { sessionSchema } from '../../../src/http/shapes/session.js'
import { createHarness, fixedTokens, tokenOf } from '../harness.js'

const own = { host: 'localhost:8484', origin: 'http://localhost:8484' }

const setup = async () => {
  let current = [tokenOf('submit', 'secret')]
  const harness = await createHarness({ tokens: { ...fixedTokens(current), current: () => current } })
  const { app } = harness
  const open = (headers: object = { ...own, authorization: 'Bearer secret' }, payload?: object) =>
    app.inject({ method: 'POST', url: '/v1/session', headers: { ...headers }, ...(payload ? { payload } : {}) })
  const login = async (): Promise<string> => String((await open()).headers['set-cookie']).split(';')[0] ?? ''
  const status = async (method: 'GET' | 'POST' | 'DELETE', url: string, headers: object) =>
    (await app.inject({ method, url, headers: { host: own.host, ...headers } })).statusCode
  return { ...harness, open, login, status, rotate: () => (current = [tokenOf('submit', 'other')]) }
}

describe('POST /v1/session', () => {
  it.each([
    ['a bearer token', { ...own, authorization: 'Bearer secret' }, undefined],
    ['a token in the body', own, { token: 'secret' }],
  ])('answers %s with a cookie that scripts and other sites do not get', async (_what, headers, payload) => {
    const { open } = await setup()
    const answer = await open(headers, payload)
    expect(answer.statusCode).toBe(201)
    expect(sessionSchema.strict().parse(answer.json())).toEqual({ name: 'the submit', scope: 'submit' })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['set-cookie']).toMatch(
      /^longshore_session=[\w-]{75}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    )
  })

  it('marks the cookie as Secure where the page came by https', async () => {
    const { open } = await setup()
    const answer = await open({ host: 'localhost', origin: 'https://localhost', authorization: 'Bearer secret' })
    expect(answer.headers['set-cookie']).toMatch(/; Secure$/)
  })

  it.each([
    ['no token', own, undefined, 401],
    ['a wrong token', { ...own, authorization: 'Bearer wrong' }, undefined, 401],
    ['a wrong token in the body', own, { token: 'wrong' }, 401],
    ['an unknown field', own, { token: 'secret', user: 'x' }, 400],
    ['a foreign origin', { host: own.host, origin: 'https://evil.example' }, { token: 'secret' }, 403],
  ])('gives none for %s', async (_what, headers, payload, expected) => {
    const { open } = await setup()
    const answer = await open(headers, payload)
    expect(answer.statusCode).toBe(expected)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('needs none where there are no tokens', async () => {
    const { app } = await createHarness()
    const answer = await app.inject({ method: 'POST', url: '/v1/session' })
    expect([answer.statusCode, answer.json()]).toEqual([201, { name: null, scope: 'admin' }])
  })
})

describe('A session cookie', () => {
  it('stands for its token on pages of our own', async () => {
    const { login, status, jobs } = await setup()
    const cookie = await login()
    expect(await status('GET', '/v1/jobs', { cookie })).toBe(200)
    expect(await status('GET', '/v1/jobs', { cookie, 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await status('POST', '/v1/jobs/job-1/pause', { cookie, origin: own.origin })).toBe(202)
    expect(jobs.calls.at(-1)?.args.at(-1)).toMatchObject({ name: 'the submit' })
    expect(await status('GET', '/v1/orphans', { cookie })).toBe(403)
  })

  it.each([
    ['POST', {}],
    ['POST', { origin: 'https://evil.example' }],
    ['POST', { origin: 'http://localhost:1' }],
    ['POST', { origin: own.origin, 'sec-fetch-site': 'same-site' }],
    ['POST', { origin: own.origin, 'sec-fetch-site': 'none' }],
    ['GET', { 'sec-fetch-site': 'same-site' }],
    ['GET', { 'sec-fetch-site': 'cross-site' }],
  ] as const)('does nothing for a %s with %j', async (method, headers) => {
    const { login, status, jobs } = await setup()
    const cookie = await login()
    const url = method === 'GET' ? '/v1/jobs' : '/v1/jobs/job-1/pause'
    expect(await status(method, url, { cookie, ...headers })).toBe(403)
    expect(jobs.calls).toEqual([])
  })

  it('gives way to a token in the header, even a wrong one', async () => {
    const { login, status } = await setup()
    expect(await status('GET', '/v1/jobs', { cookie: await login(), authorization: 'Bearer wrong' })).toBe(401)
  })

  it('ends with DELETE /v1/session', async () => {
    const { app, login, status } = await setup()
    const cookie = await login()
    const answer = await app.inject({ method: 'DELETE', url: '/v1/session', headers: { ...own, cookie } })
    expect(answer.statusCode).toBe(204)
    expect(answer.headers['set-cookie']).toMatch(/^longshore_session=; Max-Age=0/)
    expect(await status('GET', '/v1/jobs', { cookie })).toBe(401)
  })

  it('ends with its token', async () => {
    const { login, status, rotate } = await setup()
    const cookie = await login()
    rotate()
    expect(await status('GET', '/v1/jobs', { cookie })).toBe(401)
  })
})
