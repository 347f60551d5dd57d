import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JobAnswer, JobView } from '../../src/core/job-view.js'
import type { WebhookView } from '../../src/core/webhook.js'
import { bucket, createWorld, type World } from './world.js'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

let world: World
const endings: (() => unknown)[] = []
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.end()
  for (const end of endings.splice(0).reverse()) await end()
})

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Starts a receiver that answers with whatever status it is told. */
const startReceiver = async () => {
  const received: Received[] = []
  const told = { status: 200 as number | null }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      if (told.status !== null) response.writeHead(told.status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  return { received, told, url: `http://127.0.0.1:${port}/hooks` }
}

const settings = { LONGSHORE_WEBHOOK_SECRET: secret, LONGSHORE_WEBHOOK_ALLOW: '127.0.0.1' }
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

const jobFor = async (key: string, webhook: object) => ({
  source: { path: await world.makeSource(key, 1000) },
  target: { bucket, key },
  webhook,
})

const open = ({ headers, body }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as {
    type: string
    timestamp: string
    data: { job: JobView }
  }

describe('webhooks', () => {
  it('tell a receiver what became of a job, signed, with the job as it was', async () => {
    const { received, url } = await startReceiver()
    const daemon = await world.start(settings)
    const { id } = await daemon.submit(await jobFor('a', { url }))
    const job = await daemon.settled(id)
    await until(() => received.length === 1)
    const message = open(received[0] as Received)
    expect(message.type).toBe('job.completed')
    // Messages leave out what was asked for and where it is, because it does not change.
    const { options: _asked, node: _node, place: _place, ...told } = job as JobAnswer
    expect(message.data.job).toEqual(told)
    await until(
      async () =>
        (await daemon.request<{ items: WebhookView[] }>('GET', `/v1/webhooks?job=${id}`)).body.items[0]?.state ===
        'delivered',
    )
  })

  it('tell every event that was asked for', async () => {
    const { received, url } = await startReceiver()
    const daemon = await world.start(settings)
    const { id } = await daemon.submit(
      await jobFor('a', { url, events: ['job.queued', 'job.running', 'job.completed', 'job.deleted'] }),
    )
    await daemon.settled(id)
    expect((await daemon.request('DELETE', `/v1/jobs/${id}`)).status).toBe(204)
    await until(() => received.length === 4)
    expect(received.map((each) => open(each).type).sort()).toEqual([
      'job.completed',
      'job.deleted',
      'job.queued',
      'job.running',
    ])
    await until(async () => (await daemon.request<{ items: unknown[] }>('GET', '/v1/webhooks')).body.items.length === 0)
  })

  it('arrive although the daemon was killed between the state and the delivery, under the same id', async () => {
    const { received, told, url } = await startReceiver()
    told.status = null
    const daemon = await world.start(settings)
    const { id } = await daemon.submit(await jobFor('a', { url }))
    await daemon.settled(id)
    await until(() => received.length === 1)
    daemon.kill('SIGKILL')
    await daemon.exited
    told.status = 204
    const next = await world.start(settings)
    await until(() => received.length === 2)
    expect(received[1]?.headers['webhook-id']).toBe(received[0]?.headers['webhook-id'])
    expect(received[1]?.body).toBe(received[0]?.body)
    expect(open(received[1] as Received).data.job.id).toBe(id)
    const list = () => next.request<{ items: WebhookView[] }>('GET', '/v1/webhooks')
    await until(async () => (await list()).body.items[0]?.state === 'delivered')
    expect((await list()).body.items).toMatchObject([{ attempts: 1, lastAttempt: { status: 204 } }])
  })

  it('are tried again, and delivered again on request', async () => {
    const { received, told, url } = await startReceiver()
    told.status = 500
    const daemon = await world.start(settings)
    const { id } = await daemon.submit(await jobFor('a', { url }))
    await daemon.settled(id)
    const look = async () =>
      (await daemon.request<{ items: WebhookView[] }>('GET', `/v1/webhooks?job=${id}`)).body.items[0]
    await until(async () => (await look())?.attempts === 1)
    expect(await look()).toMatchObject({ state: 'pending', lastAttempt: { status: 500, reason: 'answered 500' } })
    told.status = 200
    const again = await daemon.request<WebhookView>('POST', `/v1/webhooks/${(await look())?.id}/redeliver`)
    expect(again.status).toBe(202)
    await until(async () => (await look())?.state === 'delivered')
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  it('are refused at the door when they lead where they must not', async () => {
    const daemon = await world.start(settings)
    for (const url of ['http://receiver.example/', 'https://10.0.0.1/', 'https://[::1]/', 'https://100.100.100.200/']) {
      const answer = await daemon.request<{ code: string; errors: unknown }>(
        'POST',
        '/v1/jobs',
        await jobFor('a', { url }),
      )
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ path: 'webhook.url' }] },
      })
    }
  })

  it('need a secret', async () => {
    const daemon = await world.start({ LONGSHORE_WEBHOOK_ALLOW: '127.0.0.1' })
    const answer = await daemon.request('POST', '/v1/jobs', await jobFor('a', { url: 'https://receiver.example/' }))
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path: 'webhook' }] } })
  })

  it('leave no secret in the log, the answers or the list', async () => {
    const { received, told, url } = await startReceiver()
    told.status = 500
    const daemon = await world.start({ ...settings, LONGSHORE_LOG_LEVEL: 'trace' })
    const { id } = await daemon.submit(await jobFor('a', { url: `${url}?key=canary-of-a-receiver` }))
    await daemon.settled(id)
    await until(() => received.length === 1)
    const shown = JSON.stringify([await daemon.request('GET', '/v1/webhooks'), await daemon.get(id)])
    daemon.kill('SIGTERM')
    const { stdout, stderr } = await daemon.exited
    for (const text of [shown, stdout, stderr])
      expect(text).not.toMatch(/canary-of-a-receiver|MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/)
  })
})
