import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/app-error.js'
import { historySchema, statsSchema } from '../../../src/http/shapes/stats.js'
import { fakeOverview } from '../fake-overview.js'
import { createHarness } from '../harness.js'

const setup = createHarness

describe('GET /v1/stats', () => {
  it('answers what the store and the process know', async () => {
    const { app } = await setup()
    const answer = await app.inject('/v1/stats')
    expect(statsSchema.strict().parse(answer.json())).toEqual({
      ...(await fakeOverview.stored()),
      ...fakeOverview.live(),
    })
  })

  it('answers 503 when the store is down', async () => {
    const down = async () => {
      throw new AppError('storage_unavailable', 'The database fails.')
    }
    const { app } = await setup({ overview: { ...fakeOverview, stored: down } })
    const answer = await app.inject('/v1/stats')
    expect(answer.statusCode).toBe(503)
    expect(answer.json().code).toBe('storage_unavailable')
  })
})

describe('GET /v1/stats/history', () => {
  it('answers the last hour, or the range that is asked for', async () => {
    const { app } = await setup()
    const answer = await app.inject('/v1/stats/history')
    expect(historySchema.strict().parse(answer.json())).toEqual(fakeOverview.history(3_600_000))
    for (const [range, ms] of [
      ['6m', 360_000],
      ['2160', 2_160_000],
      ['720000ms', 720_000],
      ['1h', 3_600_000],
      ['7d', 3_600_000],
    ]) {
      expect((await app.inject(`/v1/stats/history?range=${range}`)).json().stepSeconds, String(range)).toBe(
        Number(ms) / 360_000,
      )
    }
  })

  it('refuses what is no range', async () => {
    const { app } = await setup()
    for (const query of ['range=', 'range=0', 'range=-5m', 'range=long', 'range=1w', 'since=1h', 'range=1m&range=2m']) {
      const answer = await app.inject(`/v1/stats/history?${query}`)
      expect([query, answer.statusCode, answer.json().code]).toEqual([query, 400, 'invalid_request'])
    }
  })
})

describe('GET /v1/version', () => {
  it('answers the version, and the commit when it is known', async () => {
    const plain = await setup()
    expect((await plain.app.inject('/v1/version')).json()).toEqual({ version: '1.2.3', commit: null })
    const built = await setup({ version: { version: '1.2.3', commit: 'abc' } })
    expect((await built.app.inject('/v1/version')).json()).toEqual({ version: '1.2.3', commit: 'abc' })
  })
})

describe('The pages', () => {
  it('point from the root to the documentation', async () => {
    const { app } = await setup()
    const { docs, openapi } = (await app.inject('/')).json()
    expect((await app.inject(docs)).headers['content-type']).toContain('text/html')
    expect((await app.inject(openapi)).json().openapi).toBe('3.1.0')
  })

  it('load under the policy they are served with: every script and style is a file of ours', async () => {
    const { app } = await setup()
    const page = await app.inject('/docs/')
    expect(page.headers['content-security-policy']).toContain("script-src 'self'")
    expect(page.headers['content-security-policy']).not.toContain('unsafe')
    expect(page.headers['content-security-policy']).not.toContain('upgrade-insecure-requests')
    expect(page.body).not.toMatch(/<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/)
    const files = [...page.body.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map((match) => match[1] ?? '')
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) {
      const answer = await app.inject(new URL(file, 'http://localhost/docs/').pathname)
      expect([file, answer.statusCode]).toEqual([file, 200])
    }
    const initializer = await app.inject('/docs/static/swagger-initializer.js')
    expect(initializer.body).not.toContain('eval(')
  })

  it('carry security headers, on refusals too', async () => {
    const { app } = await setup()
    const asked = ['/', '/v1/jobs', '/nope', '/v1/jobs?x=1', '/%zz', '/assets/none', '/livez'].map((url) => ({ url }))
    const posts = ['{"a":', '{}'].map((payload) => ({ method: 'POST' as const, url: '/v1/jobs', payload }))
    const json = { 'content-type': 'application/json' }
    const foreign = { url: '/v1/jobs', headers: { host: 'evil.example' } }
    const requests = [...asked, ...posts, ...posts.map((post) => ({ ...post, headers: json })), foreign]
    for (const request of [...requests, { method: 'PUT' as const, url: '/v1/jobs' }]) {
      expect((await app.inject(request)).headers, JSON.stringify(request)).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
    }
  })
})
