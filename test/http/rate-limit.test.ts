import { describe, expect, it } from 'vitest'
import { createHarness, fixedTokens, tokenOf } from './harness.js'

const setup = async (requestsPerMinute: number | null) => {
  const tokens = fixedTokens([tokenOf('read', 'one'), tokenOf('admin', 'two')])
  const { app } = await createHarness({ tokens, requestsPerMinute })
  const ask = (token: string) => app.inject({ url: '/v1/jobs', headers: { authorization: `Bearer ${token}` } })
  return { app, ask }
}

describe('A token that asks too often', () => {
  it('is told to wait, and others are not', async () => {
    const { ask } = await setup(3)
    const statuses = [await ask('one'), await ask('one'), await ask('one')].map(({ statusCode }) => statusCode)
    expect(statuses).toEqual([200, 200, 200])
    const { statusCode, headers, json } = await ask('one')
    expect(statusCode).toBe(429)
    expect(json()).toMatchObject({ code: 'rate_limited' })
    expect(headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/)
    expect(Object.keys(headers).filter((name) => name.includes('ratelimit'))).toEqual([])
    expect((await ask('two')).statusCode).toBe(200)
  })

  it('still learns first that it is wrong', async () => {
    const { app, ask } = await setup(1)
    for (let asked = 0; asked < 5; asked++) expect((await ask('wrong')).statusCode).toBe(401)
    expect((await app.inject('/livez')).statusCode).toBe(200)
  })

  it('is not minded without a limit', async () => {
    const { ask } = await setup(null)
    for (let asked = 0; asked < 5; asked++) expect((await ask('one')).statusCode).toBe(200)
  })
})
