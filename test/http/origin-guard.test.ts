import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createHarness, fixedTokens, tokenOf, validBody } from './harness.js'

const setup = async () => {
  const { app, jobs } = await createHarness({
    allowedHosts: ['uploads.example', 'Upper.Example:8484', '::1'],
    tokens: fixedTokens([tokenOf('admin', 'secret')]),
  })
  const ask = async (headers: Record<string, string>, url = '/v1/jobs') => {
    const answer = await app.inject({ url, headers: { authorization: 'Bearer secret', ...headers } })
    return { status: answer.statusCode, code: answer.json().code as string | undefined }
  }
  return { app, jobs, ask }
}

describe('The Host header', () => {
  it.each([
    'localhost',
    'localhost:8484',
    'LOCALHOST:1',
    'localhost.',
    '127.0.0.1',
    '127.0.0.1:8484',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:8484',
    '[fe80::1]:1',
    'uploads.example',
    'Uploads.Example:99',
    'upper.example',
  ])('passes as %s', async (host) => {
    const { ask } = await setup()
    expect(await ask({ host })).toEqual({ status: 200, code: undefined })
  })

  it.each([
    'evil.example',
    'localhost.evil.example',
    'uploads.example.evil.example',
    'xuploads.example',
    '127.0.0.1.evil.example',
    'evil.example:8484',
    'user@localhost',
    'localhost/x',
    'localhost:99999',
    'a b',
    '[::1',
  ])('is refused as %s', async (host) => {
    const { ask, jobs } = await setup()
    expect(await ask({ host })).toEqual({ status: 421, code: 'misdirected' })
    expect(await ask({ host }, '/livez')).toEqual({ status: 421, code: 'misdirected' })
    expect(jobs.calls).toEqual([])
  })

  it('is judged anew by each request, whatever the one before had', async () => {
    const { ask } = await setup()
    for (const host of [
      'localhost',
      'evil.example',
      'evil.example',
      'localhost',
      '127.0.0.1:8484',
      'evil.example:8484',
    ]) {
      const { status } = await ask({ host }, '/livez')
      expect(status, host).toBe(host.startsWith('evil') ? 421 : 200)
    }
  })

  it('does not matter on a unix socket', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-http-'))
    const { app } = await setup()
    try {
      const socketPath = join(directory, 'daemon.sock')
      await app.listen({ path: socketPath })
      const status = await new Promise((resolve, reject) => {
        const headers = { host: 'anything', authorization: 'Bearer secret' }
        httpRequest({ socketPath, path: '/v1/jobs', headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect(status).toBe(200)
    } finally {
      await app.close()
      await rm(directory, { recursive: true })
    }
  })
})

describe('Requests of web pages', () => {
  it.each([
    ['http://localhost:8484', 'localhost:8484'],
    ['https://uploads.example', 'uploads.example'],
    ['http://[::1]:8484', '[::1]:8484'],
  ])('pass from our own origin %s', async (origin, host) => {
    const { ask } = await setup()
    expect(await ask({ origin, host, 'sec-fetch-site': 'same-origin' })).toEqual({ status: 200, code: undefined })
  })

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'http://localhost:3000' },
    { origin: 'http://localhost:8484.evil.example' },
    { origin: 'chrome-extension://localhost:8484' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://localhost:8484', 'sec-fetch-site': 'cross-site' },
  ])('are refused with %j, even with a valid token', async (headers) => {
    const { ask, jobs } = await setup()
    expect(await ask({ host: 'localhost:8484', ...headers })).toEqual({ status: 403, code: 'forbidden' })
    expect(jobs.calls).toEqual([])
  })

  it('change nothing from elsewhere', async () => {
    const { app, jobs } = await setup()
    const headers = { origin: 'https://evil.example', authorization: 'Bearer secret' }
    const submit = await app.inject({ method: 'POST', url: '/v1/jobs', headers, payload: validBody })
    const preflight = await app.inject({ method: 'OPTIONS', url: '/v1/jobs', headers })
    expect([submit.statusCode, preflight.statusCode]).toEqual([403, 403])
    expect(Object.keys(preflight.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(jobs.calls).toEqual([])
  })
})
