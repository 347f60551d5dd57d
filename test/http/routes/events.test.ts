import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { viewJob } from '../../../src/core/job-view.js'
import type { FeedItem } from '../../../src/engine/feed/event-feed.js'
import type { Clock } from '../../../src/ports/clock.js'
import { createHarness, type Harness, jobView, realClock, storedJob, until } from '../harness.js'

let opened: Harness[] = []
let sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(opened.map(({ app }) => app.close()))
  sockets = []
  opened = []
})

const setup = async (overrides: Parameters<typeof createHarness>[0] = {}) => {
  const harness = await createHarness(overrides)
  opened.push(harness)
  await harness.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = harness.app.server.address() as AddressInfo

  const open = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const stream = { response: undefined as unknown as IncomingMessage, text: '', tail: '', ended: false }
    await new Promise<void>((resolve, reject) => {
      const client = httpRequest({ port, host: '127.0.0.1', path, headers, method }, (response) => {
        sockets.push(response.socket)
        stream.response = response
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          stream.text += chunk
          stream.tail = (stream.tail + chunk).slice(-1000)
        })
        response.on('close', () => {
          stream.ended = true
        })
        response.on('error', () => undefined)
        resolve()
      })
      client.on('error', reject)
      client.end()
    })
    return stream
  }

  /** Opens a reader that asks and then takes nothing more than the kernel takes for it. */
  const openStalled = async (path: string) => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    socket.pause()
    await until(() => harness.feed.listens.length > 0, 'the stream to open')
    return socket
  }
  return { ...harness, port, open, openStalled }
}

const event = (id: string, padding = ''): FeedItem => ({
  kind: 'event',
  event: {
    id,
    type: 'job.queued',
    at: '2026-01-01T00:00:00.000Z',
    jobId: 'job-1',
    batchId: null,
    job: viewJob(storedJob({ labels: padding === '' ? {} : { padding } })),
  },
})

const { progress } = jobView()

describe('GET /v1/events', () => {
  it('sends events with id, type and data, and progress without an id', async () => {
    const { open, feed } = await setup()
    const stream = await open('/v1/events')
    expect(stream.response.statusCode).toBe(200)
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    })
    const queued = event('e1')
    feed.push(queued, { kind: 'progress', jobId: 'job-1', progress })
    await until(() => stream.text.includes('job.progress'), 'the progress')
    expect(stream.text).toBe(
      [
        'retry: 2000',
        `id: e1\nevent: job.queued\ndata: ${JSON.stringify(queued.kind === 'event' && queued.event)}`,
        `event: job.progress\ndata: ${JSON.stringify({ jobId: 'job-1', progress })}`,
        '',
      ].join('\n\n'),
    )
  })

  it('sends reset with the id to go on from', async () => {
    const { open, feed } = await setup()
    const stream = await open('/v1/events?after=gone')
    feed.push({ kind: 'reset', lastId: 'e9' })
    await until(() => stream.text.includes('reset'), 'the reset')
    expect(stream.text).toContain('id: e9\nevent: reset\ndata: {"type":"reset","lastId":"e9"}\n\n')
  })

  it('sends ready with the cursor where the stream begins', async () => {
    const { open, feed } = await setup()
    const stream = await open('/v1/events')
    const at = '2026-01-01T00:00:00.000Z'
    feed.push({ kind: 'ready', id: 'e7', at })
    await until(() => stream.text.includes('ready'), 'the beginning')
    expect(stream.text).toContain(`id: e7\nevent: ready\ndata: {"id":"e7","type":"ready","at":"${at}"}\n\n`)
  })

  it('is never silent for longer than 15 s', async () => {
    const sleeps: number[] = []
    const sleep: Clock['sleep'] = (ms, signal) => {
      sleeps.push(ms)
      return realClock.sleep(ms, signal)
    }
    const { open } = await setup({ clock: { ...realClock, sleep } })
    await open('/v1/events')
    await until(() => sleeps.length > 0, 'the first beat')
    // What is sent right after one beat is followed by a comment at the second beat after that.
    expect(sleeps[0]).toBeGreaterThan(0)
    expect((sleeps[0] ?? 0) * 2).toBeLessThan(15_000)
  })

  it.each([
    ['/v1/events', {}, null, {}],
    ['/v1/events?after=a1', {}, 'a1', {}],
    ['/v1/events', { 'last-event-id': 'h1' }, 'h1', {}],
    ['/v1/events?after=a1', { 'last-event-id': 'h1' }, 'h1', {}],
    ['/v1/events?job=job-1', {}, null, { jobId: 'job-1' }],
    ['/v1/jobs/job-1/events?after=a1', {}, 'a1', { jobId: 'job-1' }],
    ['/v1/jobs/job-1/events', { 'last-event-id': 'h1' }, 'h1', { jobId: 'job-1' }],
  ])('opens %s with the headers %j after %j', async (path, headers, after, filter) => {
    const { open, feed } = await setup()
    await open(path, headers)
    expect(feed.listens).toMatchObject([{ after, filter }])
  })

  it.each(['/v1/jobs/nope/events', '/v1/events?job=nope'])('answers 404 at %s', async (path) => {
    const { open, feed } = await setup()
    const { response } = await open(path)
    expect(response.statusCode).toBe(404)
    expect(response.headers['content-type']).toBe('application/problem+json')
    expect(feed.listens).toEqual([])
  })

  it.each(['/v1/events?label=', '/v1/events?labels=x', '/v1/events?after=', '/v1/jobs/job-1/events?job=job-1'])(
    'refuses %s',
    async (path) => {
      const { open } = await setup()
      expect((await open(path)).response.statusCode).toBe(400)
    },
  )

  it('answers HEAD with the headers alone', async () => {
    const { open, feed } = await setup()
    const stream = await open('/v1/events', {}, 'HEAD')
    await until(() => stream.ended, 'the answer to end')
    expect(stream.response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(feed.listens).toEqual([])
  })

  it.each([
    [
      'of HTTP/1.0, which knows no chunks',
      'GET /v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n',
      /\r\n\r\nretry: 2000\n\nid: e1\n/,
    ],
    [
      'that is asked for before an answer on the same connection is over',
      'GET /v1/jobs/job-1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n',
      /HTTP\/1.1 200 OK[\s\S]*HTTP\/1.1 200 OK[\s\S]*\r\nd\r\nretry: 2000\n\n\r\n[0-9a-f]+\r\nid: e1\n/,
    ],
  ])('sends a stream %s', async (_name, request, expected) => {
    let goOn: () => void = () => undefined
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const answers = { get: () => held.then(() => jobView()) }
    const { port, feed } = await setup({ answers, heartbeatMs: 10 })
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    let received = ''
    socket.on('data', (chunk) => {
      received += String(chunk)
    })
    socket.write(request)
    await until(() => feed.listens.length === 1, 'the stream to open')
    feed.push(event('e1'))
    await until(() => feed.taken() === 1, 'the event to be taken')
    goOn()
    await until(
      () => expected.test(received) && /\n\n:\n\n(\r\n)?$|\r\n:\n\n\r\n$/.test(received),
      'the event and a comment',
    )
  })

  it('keeps silent connections awake with comments', async () => {
    const { open } = await setup({ heartbeatMs: 10 })
    const stream = await open('/v1/events')
    await until(() => stream.text.split(':\n\n').length > 3, 'three comments')
    expect(stream.text).toMatch(/^retry: 2000\n\n(:\n\n)+$/)
  })

  it('looks for silent connections so often that none is silent for longer than 15 s', async () => {
    const looks: number[] = []
    const sleep: Clock['sleep'] = (ms, signal) => {
      looks.push(ms)
      return realClock.sleep(ms, signal)
    }
    const { open } = await setup({ clock: { ...realClock, sleep } })
    await open('/v1/events')
    await until(() => looks.length > 0, 'a heart that beats')
    // A stream that was sent something just after a look is found silent by the look after the next.
    expect(2 * (looks[0] ?? Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(15_000)
  })

  it('stops listening when the reader hangs up', async () => {
    const { open, feed } = await setup()
    const { response } = await open('/v1/events')
    expect(feed.listens[0]?.signal.aborted).toBe(false)
    response.destroy()
    await until(() => feed.listens[0]?.signal.aborted === true, 'the signal')
  })

  it('opens nothing for a reader that hung up while its job was looked for', async () => {
    let found: (job: ReturnType<typeof jobView>) => void = () => undefined
    const asked = new Promise<ReturnType<typeof jobView>>((resolve) => {
      found = resolve
    })
    const { app, feed, jobs, port } = await setup({ answers: { get: () => asked } })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /v1/jobs/job-1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => jobs.calls.length === 1, 'the look-up')
    socket.resetAndDestroy()
    let connections = 1
    await until(() => {
      app.server.getConnections((_error, count) => {
        connections = count
      })
      return connections === 0
    }, 'the server to notice')
    found(jobView())
    expect((await app.inject('/v1/stats')).statusCode).toBe(200)
    expect(feed.listens).toEqual([])
  })

  it('ends when the feed ends', async () => {
    const { open, feed } = await setup()
    const stream = await open('/v1/events')
    feed.close()
    await until(() => stream.ended, 'the stream to end')
    expect(stream.response.complete).toBe(true)
  })

  it('does not keep the app from closing', async () => {
    const { open, app } = await setup()
    const streams = await Promise.all([open('/v1/events'), open('/v1/jobs/job-1/events'), open('/v1/events')])
    await app.close()
    await until(() => streams.every(({ ended }) => ended), 'the streams to end')
    expect(streams.map(({ response }) => response.complete)).toEqual([true, true, true])
  })

  it('logs a feed that breaks and ends the stream', async () => {
    const { open, lines, app } = await setup({
      feed: {
        listen: () => Promise.reject(new Error('the disk is gone')),
        close: () => undefined,
      },
    })
    const stream = await open('/v1/events')
    await until(() => stream.ended, 'the stream to end')
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { reason: 'the disk is gone' } }])
    expect((await app.inject('/v1/stats')).statusCode).toBe(200)
  })
})

describe('A reader that does not read', () => {
  const flood = (count: number): FeedItem[] =>
    Array.from({ length: count }, (_, index) => event(`e${index}`, 'x'.repeat(10_000)))

  it('is cut, while others get everything', async () => {
    const stallMs = 12_345
    let endPatience: () => void = () => undefined
    const patience = new Promise<void>((resolve) => {
      endPatience = resolve
    })
    const sleep: Clock['sleep'] = (ms, signal) =>
      ms === stallMs
        ? new Promise((resolve, reject) => {
            patience.then(resolve)
            signal?.addEventListener('abort', reject)
          })
        : realClock.sleep(ms, signal)
    const { open, openStalled, feed } = await setup({ stallMs, clock: { ...realClock, sleep } })
    const stalled = await openStalled('/v1/events')
    const healthy = await open('/v1/events')
    feed.push(...flood(1000), event('last'))
    await until(() => healthy.tail.includes('id: last\n'), 'the last event')
    expect(feed.listens.map(({ signal }) => signal.aborted)).toEqual([false, false])
    endPatience()
    await until(() => feed.listens[0]?.signal.aborted === true, 'the cut')
    expect(feed.listens[1]?.signal.aborted).toBe(false)
    stalled.resume()
    await until(() => stalled.destroyed, 'the connection to end')
  })

  it('is sent no more than fits the buffers, not even comments', async () => {
    const heartbeatMs = 3
    let heartbeats = 0
    const sleep: Clock['sleep'] = (ms, signal) => {
      if (ms === heartbeatMs) heartbeats += 1
      return realClock.sleep(ms, signal)
    }
    const { app, openStalled, feed } = await setup({ stallMs: 60_000, heartbeatMs, clock: { ...realClock, sleep } })
    const responses: ServerResponse[] = []
    app.server.on('request', (_request, response) => responses.push(response))
    await openStalled('/v1/events')
    feed.push(...flood(5000))
    // On a busy machine two looks in a row may fall between two steps of the flow, so this waits until the flow stands
    // still for twenty heartbeats.
    let seen = ''
    let since = 0
    await until(() => {
      const length = responses[0]?.writableLength ?? 0
      const now = `${feed.taken()} ${length}`
      if (now !== seen) since = heartbeats
      seen = now
      return length > 0 && heartbeats > since + 20
    }, 'the flow to stop')
    const buffered = responses[0]?.writableLength ?? 0
    const beaten = heartbeats
    await until(() => heartbeats > beaten + 20, 'twenty heartbeats')
    expect(feed.taken()).toBeLessThan(5000)
    expect(buffered).toBeGreaterThan(0)
    expect(responses[0]?.writableLength).toBe(buffered)
    expect(feed.listens[0]?.signal.aborted).toBe(false)
  })

  it('does not keep the app from closing', async () => {
    const { openStalled, feed, app } = await setup({ stallMs: 60_000 })
    await openStalled('/v1/events')
    feed.push(...flood(5000))
    await until(() => feed.taken() > 10, 'the flow to begin')
    await app.close()
    expect(feed.listens[0]?.signal.aborted).toBe(true)
  })
})
