import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createAgent } from '../../../src/adapters/oss/wire/agents.js'
import { type Answer, ExchangeError, exchange, type WriteBody } from '../../../src/adapters/oss/wire/exchange.js'
import type { ExchangeTimeouts } from '../../../src/adapters/oss/wire/timeouts.js'
import { httpText, type LocalServer, startHttpServer, startTcpServer, until } from './raw-servers.js'
import { directly } from './target-setup.js'

const quick: ExchangeTimeouts = { connectMs: 600, idleMs: 600, answerMs: 600, budgetMs: 2_000 }

/**
 * Returns the number of connections that the agent holds, in use or kept for later. Those are all that this side has
 * open.
 */
const liveSockets = (agent: Agent): number =>
  [...Object.values(agent.sockets), ...Object.values(agent.freeSockets)].flat().length

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const setup = async (server: LocalServer | Promise<LocalServer>) => {
  const local = await server
  const agent = createAgent({ protocol: 'http:', network: directly, connectMs: 600, maxFreeSockets: 4 })
  cleanups.push(
    () => local.close(),
    async () => {
      await until('no connection is in use', () => Object.values(agent.sockets).flat().length === 0)
      agent.destroy()
    },
  )
  const put = (
    body: (write: WriteBody) => Promise<void>,
    options: { length?: number; timeouts?: Partial<ExchangeTimeouts>; signal?: AbortSignal } = {},
  ): Promise<Answer> =>
    exchange(
      agent,
      {
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: local.port,
        path: '/bucket/a/../b',
        method: 'PUT',
        headers: { host: 'endpoint.example', 'content-length': String(options.length ?? 5) },
        timeouts: { ...quick, ...options.timeouts },
      },
      body,
      options.signal ?? new AbortController().signal,
    )
  const hello = async (write: WriteBody): Promise<void> => void (await write(Buffer.from('hello'), true))
  /** Keeps writing until it is told to stop. */
  const endless = async (write: WriteBody): Promise<void> => {
    const chunk = Buffer.alloc(256 * 1024)
    while (await write(chunk, false));
  }
  return { local, agent, put, hello, endless }
}

const failureOf = async (promise: Promise<unknown>): Promise<ExchangeError> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ExchangeError)
  return error as ExchangeError
}

/** Answers once the whole five-byte request is there. */
const afterHello = (socket: Socket, act: () => void): void => {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    if (text.endsWith('hello')) act()
  })
}

describe('an exchange', () => {
  it('sends path and headers as given, and keeps the connection for the next one', async () => {
    const server = await startHttpServer((_request, response) => response.end('fine'))
    const { put, hello, local } = await setup(server)
    for (let n = 0; n < 3; n++) {
      expect(await put(hello)).toMatchObject({ status: 200, body: 'fine', whole: true, early: false })
    }
    expect(server.seen.map(({ path, headers, body }) => [path, headers.host, body.toString()])).toEqual(
      Array(3).fill(['/bucket/a/../b', 'endpoint.example', 'hello']),
    )
    expect(local.accepted()).toBe(1)
  })

  it('tells a refused connection, where nothing was sent', async () => {
    const gone = await startTcpServer(() => {})
    await gone.close()
    const { put, hello } = await setup(gone)
    cleanups.shift()
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'ECONNREFUSED', phase: 'connecting', answer: null })
  })

  it('gives up on a connection that is never made', async () => {
    const { hello } = await setup(startTcpServer(() => {}))
    // A name lookup that hangs keeps the socket connecting, as a host that drops every packet does.
    const never = new Agent({ lookup: () => {} })
    const attempt = exchange(
      never,
      { protocol: 'http:', hostname: 'black.hole', port: 9, path: '/', method: 'PUT', headers: {}, timeouts: quick },
      hello,
      new AbortController().signal,
    )
    expect(await failureOf(attempt)).toMatchObject({ errno: 'CONNECT_TIMEOUT', phase: 'connecting' })
    expect(liveSockets(never)).toBe(0)
  })

  it('tells a reset in the middle of the body from one before it', async () => {
    const { put, endless } = await setup(
      startTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
    )
    const failure = await failureOf(put(endless, { length: 1e9 }))
    expect(failure.phase).toBe('sending')
    expect(['ECONNRESET', 'EPIPE']).toContain(failure.errno)
  })

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['hangs up', (socket: Socket) => socket.end()],
  ])('knows that everything was sent when the server then %s', async (_name, act) => {
    const { put, hello } = await setup(startTcpServer((socket) => afterHello(socket, () => act(socket))))
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'ECONNRESET', phase: 'waiting', answer: null })
  })

  it('gives up on a server that never reads', async () => {
    const { put, endless } = await setup(startTcpServer((socket) => socket.pause()))
    expect(await failureOf(put(endless, { length: 1e9 }))).toMatchObject({ errno: 'IDLE_TIMEOUT', phase: 'sending' })
  })

  it('gives up on a server that never answers', async () => {
    const { put, hello } = await setup(startTcpServer((socket) => socket.resume()))
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'ANSWER_TIMEOUT', phase: 'waiting' })
  })

  it('gives up on a server that says 100 Continue and then nothing', async () => {
    const server = startTcpServer((socket) => afterHello(socket, () => socket.write('HTTP/1.1 100 Continue\r\n\r\n')))
    const { put, hello } = await setup(server)
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'ANSWER_TIMEOUT', phase: 'waiting' })
  })

  it('ends when a server switches protocols', async () => {
    const text = httpText('101 Switching Protocols', { connection: 'upgrade', upgrade: 'elsewhere' })
    const { put, hello } = await setup(startTcpServer((socket) => afterHello(socket, () => socket.write(text))))
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'ECONNRESET' })
  })

  it('keeps status and headers of an answer that stalls', async () => {
    const text = httpText('503 Busy', { 'content-length': 100, 'retry-after': 7 }, '<Error>')
    const { put, hello } = await setup(startTcpServer((socket) => afterHello(socket, () => socket.write(text))))
    const failure = await failureOf(put(hello))
    expect(failure).toMatchObject({ errno: 'IDLE_TIMEOUT', phase: 'answering' })
    expect(failure.answer).toMatchObject({ status: 503, whole: false, body: '<Error>' })
    expect(failure.answer?.headers['retry-after']).toBe('7')
  })

  it('keeps status and headers of an answer that is cut off', async () => {
    const text = httpText('500 Oops', { 'content-length': 100 }, '<Error>')
    const { put, hello } = await setup(startTcpServer((socket) => afterHello(socket, () => socket.end(text))))
    const failure = await failureOf(put(hello))
    expect(failure).toMatchObject({ errno: 'ECONNRESET', phase: 'answering' })
    expect(failure.answer).toMatchObject({ status: 500, whole: false, body: '<Error>' })
  })

  it('ends a dripping answer when the budget is spent, though bytes keep coming', async () => {
    const { put, hello } = await setup(
      startTcpServer((socket) =>
        afterHello(socket, () => {
          socket.write(httpText('200 OK', { 'content-length': 1000 }))
          const drip = setInterval(() => socket.write('x'), 50)
          socket.on('close', () => clearInterval(drip))
        }),
      ),
    )
    expect(await failureOf(put(hello))).toMatchObject({ errno: 'BUDGET_TIMEOUT', phase: 'answering' })
  })

  it('lets a slow body take longer than the idle limit as long as it moves', async () => {
    const server = await startHttpServer((_request, response) => response.end())
    const { put } = await setup(server)
    const answer = await put(
      async (write) => {
        for (const letter of ['h', 'e', 'l', 'l', 'o']) {
          await sleep(300)
          await write(Buffer.from(letter), letter === 'o')
        }
      },
      { timeouts: { budgetMs: 10_000 } },
    )
    expect(answer.status).toBe(200)
    expect(server.seen[0]?.body.toString()).toBe('hello')
  })

  it('cuts an endless answer at one mebibyte', async () => {
    const { put, hello } = await setup(
      startTcpServer((socket) =>
        afterHello(socket, () => {
          const chunk = Buffer.alloc(64 * 1024, 'x')
          const more = (): void => {
            while (!socket.destroyed && socket.write(chunk));
          }
          socket.write(httpText('500 Oops', { 'content-length': 300_000_000 }))
          socket.on('drain', more)
          more()
        }),
      ),
    )
    const answer = await put(hello, { timeouts: { budgetMs: 10_000 } })
    expect(answer).toMatchObject({ status: 500, whole: false })
    expect(answer.body.length).toBe(1024 * 1024)
  })

  it.each(['keeps the connection open', 'closes', 'resets'])(
    'believes an answer that comes before the body is sent, when the server then %s',
    async (then) => {
      const { put, endless, agent } = await setup(
        startTcpServer((socket) =>
          socket.once('data', () => {
            socket.pause()
            socket.write(httpText('403 Forbidden', { 'content-length': 4 }, 'nope'), () => {
              if (then === 'closes') socket.end()
              if (then === 'resets') setTimeout(() => socket.resetAndDestroy(), 100)
            })
          }),
        ),
      )
      const answer = await put(endless, { length: 1e9 })
      expect(answer).toMatchObject({ status: 403, body: 'nope', early: true })
      // The agent was not asked to close anything, so the connection must be gone by itself.
      expect(liveSockets(agent)).toBe(0)
    },
  )

  it('is torn down at once when it is aborted, wherever it stands', async () => {
    const reason = new Error('enough')
    const { put, hello, endless, agent } = await setup(startTcpServer((socket) => void socket.pause()))
    for (const body of [hello, endless]) {
      const controller = new AbortController()
      const attempt = put(body, { length: body === hello ? 5 : 1e9, signal: controller.signal })
      setTimeout(() => controller.abort(reason), 100)
      await expect(attempt).rejects.toBe(reason)
      expect(liveSockets(agent)).toBe(0)
    }
  })

  it('can be aborted while it queues for a connection, and while it gets one', async () => {
    const { put, hello, agent, local } = await setup(startTcpServer((socket) => socket.resume()))
    const stop = new AbortController()
    const holding = Array.from({ length: 4 }, () => put(hello, { signal: stop.signal, timeouts: { answerMs: 60_000 } }))
    const queued = put(hello, { signal: stop.signal })
    const settled = Promise.allSettled([...holding, queued])
    stop.abort(new Error('stop'))
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
    await until('the connections that were begun are closed', () => liveSockets(agent) === 0)
    expect(local.accepted()).toBeLessThanOrEqual(4)
  })

  it('sends nothing when it is aborted before it begins', async () => {
    const { put, hello, local } = await setup(startTcpServer((socket) => socket.resume()))
    await expect(put(hello, { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early')
    expect(local.accepted()).toBe(0)
  })

  it('settles only after its body has stopped, and throws what the body threw', async () => {
    const { put, agent } = await setup(startTcpServer((socket) => socket.resume()))
    let reading = true
    const controller = new AbortController()
    const attempt = put(
      async () => {
        controller.abort(new Error('stop'))
        await sleep(100)
        reading = false
      },
      { signal: controller.signal },
    )
    await expect(attempt).rejects.toThrow('stop')
    expect(reading).toBe(false)
    await expect(put(async () => Promise.reject(new Error('unreadable')))).rejects.toThrow('unreadable')
    expect(liveSockets(agent)).toBe(0)
  })

  it('refuses what HTTP cannot carry without a raw library error', async () => {
    const { agent, hello } = await setup(startTcpServer((socket) => socket.resume()))
    const request = {
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 1,
      path: '/',
      method: 'PUT',
      timeouts: quick,
    } as const
    const attempt = exchange(agent, { ...request, headers: { a: 'b\nc' } }, hello, new AbortController().signal)
    expect(await failureOf(attempt)).toMatchObject({ errno: 'ERR_INVALID_CHAR', phase: 'connecting' })
  })

  it('reaches names below localhost on the loopback', async () => {
    const server = await startHttpServer((_request, response) => response.end())
    const { agent, hello } = await setup(server)
    const request = {
      protocol: 'http:',
      hostname: 'bucket.localhost',
      port: server.port,
      path: '/',
      method: 'PUT',
    } as const
    const answer = await exchange(
      agent,
      { ...request, headers: { host: 'bucket.localhost', 'content-length': '5' }, timeouts: quick },
      hello,
      new AbortController().signal,
    )
    expect(answer.status).toBe(200)
  })
})
