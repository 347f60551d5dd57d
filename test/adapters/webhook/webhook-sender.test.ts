import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterEach, describe, expect, it } from 'vitest'
import { parseAllowedHost } from '../../../src/adapters/webhook/allowed-hosts.js'
import { createWebhookSender, type WebhookSenderDeps } from '../../../src/adapters/webhook/webhook-sender.js'
import { createAuthority } from '../oss/certificates.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const body = '{"type":"job.completed"}'
const never = new AbortController().signal

const allowed = (...texts: string[]) => texts.map(parseAllowedHost).filter((host) => host !== null)

const makeSender = (changes: Partial<WebhookSenderDeps> = {}) => {
  const sender = createWebhookSender({
    secrets: [secret],
    allow: allowed('127.0.0.1'),
    ca: null,
    userAgent: 'longshore/test',
    now: Date.now,
    ...changes,
  })
  endings.push(() => sender.close())
  return sender
}

interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Starts a receiver on loopback that answers as the test says, and remembers what it got. */
const startReceiver = async (answer: RequestListener = (_request, response) => void response.end()) => {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString() })
      answer(request, response)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  return { received, port, url: `http://127.0.0.1:${port}/hooks?a=b` }
}

describe('sending a webhook', () => {
  it('posts the very bytes, signed so that the library of receivers verifies them', async () => {
    const { received, url } = await startReceiver()
    expect(await makeSender().send({ id: 'e-1', url, body }, never)).toEqual({
      status: 200,
      reason: null,
      retryAfterMs: null,
    })
    expect(received).toMatchObject([
      {
        method: 'POST',
        url: '/hooks?a=b',
        body,
        headers: { 'content-type': 'application/json', 'webhook-id': 'e-1', 'user-agent': 'longshore/test' },
      },
    ])
    const { headers } = received[0] ?? { headers: {} }
    const verify = (text: string) => new Webhook(secret).verify(text, headers as Record<string, string>)
    expect(verify(body)).toEqual({ type: 'job.completed' })
    expect(() => verify(`${body} `)).toThrow()
  })

  it('signs with every secret there is', async () => {
    const { received, url } = await startReceiver()
    const old = 'whsec_b2xkLXNlY3JldC1vZi10aGUtdGVzdHM='
    await makeSender({ secrets: [secret, old] }).send({ id: 'e-1', url, body }, never)
    for (const each of [secret, old]) {
      expect(new Webhook(each).verify(body, received[0]?.headers as Record<string, string>)).toBeDefined()
    }
  })

  it('follows no redirect', async () => {
    const trap = await startReceiver()
    const { url } = await startReceiver((_request, response) => {
      response.writeHead(307, { location: trap.url }).end()
    })
    expect(await makeSender().send({ id: 'e-1', url, body }, never)).toMatchObject({
      status: 307,
      reason: 'answered 307: redirects are not followed',
    })
    expect(trap.received).toEqual([])
  })

  it('tells how long a receiver wants to be left alone', async () => {
    const { url } = await startReceiver((_request, response) => {
      response.writeHead(503, { 'retry-after': '120' }).end('busy')
    })
    expect(await makeSender().send({ id: 'e-1', url, body }, never)).toEqual({
      status: 503,
      reason: 'answered 503',
      retryAfterMs: 120_000,
    })
  })

  it('takes an answer that never ends for what its head says', async () => {
    const { url } = await startReceiver((_request, response) => {
      response.writeHead(200)
      const drip = (): boolean => response.write('x'.repeat(10_000))
      const pump = (): void => {
        while (!response.destroyed && drip());
      }
      response.on('drain', pump)
      pump()
    })
    expect(await makeSender().send({ id: 'e-1', url, body }, never)).toMatchObject({ status: 200 })
  })

  it('says by its code why there was no answer', async () => {
    const { url } = await startReceiver((_request, response) => void response.socket?.destroy())
    expect(await makeSender().send({ id: 'e-1', url, body }, never)).toEqual({
      status: null,
      reason: 'no answer: ECONNRESET',
      retryAfterMs: null,
    })
  })

  it('stops when it is told to', async () => {
    const { url, received } = await startReceiver(() => undefined)
    const over = new AbortController()
    const sent = makeSender().send({ id: 'e-1', url, body }, over.signal)
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    over.abort(new Error('enough'))
    await expect(sent).rejects.toThrow('enough')
  })

  it('trusts the given authorities, and nobody else’s', async () => {
    const authority = createAuthority()
    const server = createTlsServer(authority.issue(['DNS:localhost']), (_request, response) => void response.end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endings.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const allow = allowed('localhost')
    const trusting = makeSender({ allow, resolve, ca: authority.cert })
    expect(await trusting.send({ id: 'e-1', url, body }, never)).toMatchObject({ status: 200 })
    const wary = await makeSender({ allow, resolve }).send({ id: 'e-1', url, body }, never)
    expect(wary.reason).toMatch(/^no answer: (SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_)/)
  })
})

describe('the guard of webhooks', () => {
  it.each([
    'http://receiver.example/',
    'http://8.8.8.8/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.100.100.200/',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://a.localhost/',
    'https://user:password@receiver.example/',
    'https://user@receiver.example/',
  ])('refuses %s before anything is sent', async (url) => {
    let asked = 0
    const resolve = async () => {
      asked++
      return [{ address: '8.8.8.8', family: 4 }]
    }
    const sender = makeSender({ allow: [], resolve })
    expect(sender.refusal(url)).toMatch(/^must /)
    expect((await sender.send({ id: 'e-1', url, body }, never)).reason).toMatch(/^the URL must /)
    expect(asked).toBe(0)
  })

  it.each([
    ['receiver', 'http://receiver/', true],
    ['receiver', 'http://receiver:8080/', true],
    ['receiver:8080', 'http://receiver:8080/', true],
    ['receiver:8080', 'http://receiver/', false],
    ['receiver:80', 'http://receiver/', true],
    ['receiver', 'http://other.receiver/', false],
    ['[::1]', 'http://[::1]:9/', true],
    ['[::1]:9', 'http://[::1]:8/', false],
    ['10.0.0.7', 'https://10.0.0.7/', true],
  ])('with %s allowed, %s is allowed: %s', (allow, url, expected) => {
    expect(makeSender({ allow: allowed(allow) }).refusal(url) === null).toBe(expected)
  })

  it('dials no name that leads to a closed address, not even beside an open one', async () => {
    const { port, received } = await startReceiver()
    const resolve = async () => [
      { address: '8.8.8.8', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    const sender = makeSender({ allow: [], resolve })
    const url = `https://receiver.example:${port}/`
    expect(sender.refusal(url)).toBeNull()
    expect(await sender.send({ id: 'e-1', url, body }, never)).toEqual({
      status: null,
      reason: 'the name leads to an address that is not public',
      retryAfterMs: null,
    })
    expect(received).toEqual([])
  })

  it('dials the address that was checked, whatever the name leads to next', async () => {
    const { port, received } = await startReceiver()
    let asked = 0
    const resolve = async () => [{ address: ++asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    const sender = makeSender({ allow: allowed('receiver.example'), resolve })
    expect(await sender.send({ id: 'e-1', url: `http://receiver.example:${port}/`, body }, never)).toMatchObject({
      status: 200,
    })
    expect(asked).toBe(1)
    expect(received[0]?.headers.host).toBe(`receiver.example:${port}`)
  })

  it('looks two names up at a time, however many wait', async () => {
    const { port } = await startReceiver()
    let asking = 0
    let most = 0
    const resolve = async () => {
      most = Math.max(most, ++asking)
      await new Promise((resolve) => setTimeout(resolve, 5))
      asking--
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.receiver.example`)
    const sender = makeSender({ allow: allowed(...names), resolve })
    const sent = names.map((name) => sender.send({ id: 'e-1', url: `http://${name}:${port}/`, body }, never))
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(most).toBe(2)
  })
})

describe('a host that is allowed', () => {
  it.each(['', 'http://a', 'a/b', 'a@b', 'a b', ':80', 'a:port'])('is not %j', (text) => {
    expect(parseAllowedHost(text)).toBeNull()
  })
})
