import { describe, expect, it } from 'vitest'
import { createHarness } from './harness.js'

const setup = createHarness

describe('An unknown address', () => {
  it.each([
    ['GET', '/nope'],
    ['GET', '/v1'],
    ['GET', '/v1/stats/'],
    ['POST', '/v1/jobs/job-1/explode'],
    ['GET', '/v1/jobs/job-1/parts/1'],
    ['GET', '/docs/static/nope.js'],
    ['GET', '/docs/static/..%2f..%2fpackage.json'],
  ])('%s %s answers 404', async (method, url) => {
    const { app } = await setup()
    const answer = await app.inject({ method: method as 'GET', url })
    expect(answer.statusCode).toBe(404)
    expect(answer.json().code).toBe('not_found')
  })

  it('answers 404 whatever the body is', async () => {
    const { app } = await setup()
    for (const type of ['application/json', 'text/xml', 'nonsense']) {
      const answer = await app.inject({ method: 'POST', url: '/nope', headers: { 'content-type': type }, payload: '{' })
      expect(answer.statusCode).toBe(404)
    }
  })
})

describe('A known address with another method', () => {
  it.each([
    ['PUT', '/v1/jobs', 'GET, HEAD, POST'],
    ['DELETE', '/v1/jobs?x=1', 'GET, HEAD, POST'],
    ['PUT', '/v1/jobs/job-1', 'DELETE, GET, HEAD, PATCH'],
    ['OPTIONS', '/v1/jobs/job-1', 'DELETE, GET, HEAD, PATCH'],
    ['GET', '/v1/jobs/job-1/pause', 'POST'],
    ['POST', '/v1/events', 'GET, HEAD'],
    ['POST', '/readyz', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
  ])('%s %s answers 405 and allows %s', async (method, url, allow) => {
    const { app } = await setup()
    const answer = await app.inject({
      method: method as 'PUT',
      url,
      headers: { 'content-type': 'text/xml' },
      payload: '<',
    })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers.allow).toBe(allow)
    expect(answer.json().code).toBe('method_not_allowed')
  })
})
