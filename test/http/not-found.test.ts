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

describe('A query', () => {
  it.each(['limit=1&limit=2', 'cursor=a&cursor=b', 'bucket=abc&bucket=abd', 'batch=b-1&batch=b-2'])(
    'that gives %s twice is a 400 that says so',
    async (query) => {
      const { app } = await setup()
      const answer = await app.inject(`/v1/jobs?${query}`)
      const path = query.split('=')[0]
      expect(answer.statusCode).toBe(400)
      expect(answer.json().errors).toEqual([{ path, message: 'must be given only once' }])
    },
  )
})

describe('HEAD', () => {
  it.each(['/v1/jobs', '/v1/jobs/job-1', '/v1/version', '/v1/stats', '/livez', '/metrics', '/openapi.json'])(
    'of %s has the status and the headers of GET, and no body',
    async (url) => {
      const { app } = await setup()
      const [get, head] = [await app.inject(url), await app.inject({ method: 'HEAD', url })]
      expect([head.statusCode, head.headers['content-type']]).toEqual([get.statusCode, get.headers['content-type']])
      expect(head.body).toBe('')
    },
  )
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
