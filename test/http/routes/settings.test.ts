import { afterEach, describe, expect, it } from 'vitest'
import { createHarness, fixedTokens, type Harness, settingsView, tokenOf } from '../harness.js'

let harness: Harness
afterEach(() => harness.app.close())

const patch = async (payload: object | string, headers: Record<string, string> = {}) => {
  harness = await createHarness({ tokens: fixedTokens([tokenOf('admin', 'a'), tokenOf('submit', 's')]) })
  return harness.app.inject({
    method: 'PATCH',
    url: '/v1/settings',
    headers: { 'content-type': 'application/json', authorization: 'Bearer a', ...headers },
    payload,
  })
}

describe('/v1/settings', () => {
  it('shows what holds and where it comes from', async () => {
    harness = await createHarness()
    const response = await harness.app.inject('/v1/settings')
    expect([response.statusCode, response.json()]).toEqual([200, settingsView])
  })

  it('takes changes with the name of who made them, and null', async () => {
    const body = { concurrency: 4, bandwidth: '08:00,10MiB 19:00,off' }
    expect((await patch(body)).statusCode).toBe(200)
    expect(harness.settings.calls).toEqual([[body, expect.objectContaining({ name: 'the admin' })]])
    await harness.app.close()
    await patch({ concurrency: null, bandwidth: null })
    expect(harness.settings.calls[0]?.[0]).toEqual({ concurrency: null, bandwidth: null })
  })

  it('is changed by an admin alone', async () => {
    expect((await patch({}, { authorization: 'Bearer s' })).statusCode).toBe(403)
    expect(harness.settings.calls).toEqual([])
  })

  it.each([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1025 }],
    ['concurrency', { concurrency: '4' }],
    ['bandwidth', { bandwidth: 'fast' }],
    ['bandwidth', { bandwidth: 1024 }],
    ['bandwidth', { bandwidth: '25:00,1MiB' }],
    ['parallel', { parallel: 4 }],
  ])('refuses %s as in %j', async (path, body) => {
    const response = await patch(body)
    expect([response.statusCode, response.json().errors[0].path]).toEqual([400, path])
    expect(harness.settings.calls).toEqual([])
  })
})
