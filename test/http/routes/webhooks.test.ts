import { afterEach, describe, expect, it } from 'vitest'
import { webhookPageSchema } from '../../../src/http/shapes/webhooks.js'
import { createHarness, fixedTokens, type Harness, tokenOf, validBody, webhookView } from '../harness.js'

let opened: Harness[] = []
afterEach(async () => {
  await Promise.all(opened.map(({ app }) => app.close()))
  opened = []
})

const setup = async (overrides: Parameters<typeof createHarness>[0] = {}) => {
  const harness = await createHarness(overrides)
  opened.push(harness)
  return harness
}

describe('GET /v1/webhooks', () => {
  it('lists messages as the document says', async () => {
    const { app } = await setup()
    const answer = await app.inject('/v1/webhooks')
    expect(answer.statusCode).toBe(200)
    expect(webhookPageSchema.strict().parse(answer.json()).items).toEqual([webhookView])
  })

  it('filters by job and state, in pages', async () => {
    const { app, webhooks } = await setup()
    await app.inject('/v1/webhooks?job=job-1&state=failed&limit=5&cursor=c')
    expect(webhooks.calls).toEqual([
      [
        { jobId: 'job-1', state: 'failed' },
        { limit: 5, cursor: 'c' },
      ],
    ])
  })

  it.each(['state=gone', 'limit=0', 'url=x', 'job='])('refuses ?%s', async (query) => {
    const { app } = await setup()
    expect((await app.inject(`/v1/webhooks?${query}`)).statusCode).toBe(400)
  })
})

describe('POST /v1/webhooks/:id/redeliver', () => {
  it('answers 202 with the message, with any content type and no body', async () => {
    const { app, webhooks } = await setup()
    const answer = await app.inject({ method: 'POST', url: `/v1/webhooks/${webhookView.id}/redeliver` })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual(webhookView)
    expect(webhooks.calls).toEqual([[webhookView.id]])
  })

  it('answers 404 when there is none', async () => {
    const { app } = await setup()
    const answer = await app.inject({ method: 'POST', url: '/v1/webhooks/nope/redeliver' })
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ code: 'webhook_not_found' })
  })

  it('needs the scope submit, the list only read', async () => {
    const { app } = await setup({ tokens: fixedTokens([tokenOf('read', 'r')]) })
    const headers = { authorization: 'Bearer r' }
    expect((await app.inject({ url: '/v1/webhooks', headers })).statusCode).toBe(200)
    const answer = await app.inject({ method: 'POST', url: '/v1/webhooks/x/redeliver', headers })
    expect(answer.statusCode).toBe(403)
  })
})

describe('webhook of a job', () => {
  const submit = async (webhook: unknown) => {
    const { app, jobs } = await setup()
    const answer = await app.inject({ method: 'POST', url: '/v1/jobs', payload: { ...validBody, webhook } })
    const [call] = jobs.calls
    return { status: answer.statusCode, errors: answer.json().errors, request: call?.args[0] }
  }

  it('reaches the use case, each event once', async () => {
    const url = 'https://receiver.example/hooks'
    expect(await submit({ url, events: ['job.failed', 'job.failed', 'job.running'] })).toMatchObject({
      status: 201,
      request: { webhook: { url, events: ['job.failed', 'job.running'] } },
    })
    expect((await submit({ url })).request).toMatchObject({ webhook: { url } })
  })

  it.each([
    [{ url: 'receiver.example' }, 'webhook.url'],
    [{ url: 'ftp://receiver.example' }, 'webhook.url'],
    [{ url: `https://receiver.example/${'x'.repeat(2100)}` }, 'webhook.url'],
    [{}, 'webhook.url'],
    [{ url: 'https://a.example', events: [] }, 'webhook.events'],
    [{ url: 'https://a.example', events: ['job.progress'] }, 'webhook.events.0'],
    [{ url: 'https://a.example', events: ['part.uploaded'] }, 'webhook.events.0'],
    [{ url: 'https://a.example', secret: 'x' }, 'webhook.secret'],
  ])('refuses %j', async (webhook, path) => {
    const { status, errors } = await submit(webhook)
    expect(status).toBe(400)
    expect(errors.map((error: { path: string }) => error.path)).toContain(path)
  })
})
