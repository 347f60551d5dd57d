import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createNetwork } from '../../../src/adapters/oss/wire/network.js'
import { createPutConnections } from '../../../src/adapters/oss/wire/put-connections.js'
import { type LocalServer, startTcpServer, until } from './raw-servers.js'
import { unaborted } from './target-setup.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
const body = 'x'.repeat(1000)
const request = Buffer.from(`PUT /b/k HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
const timeouts = { connectMs: 5_000, idleMs: 5_000, answerMs: 5_000, budgetMs: 30_000 }

/** Calls `onRequest` for each request that has come in whole, with its number on its connection. */
const setup = async (onRequest: (socket: Socket, nth: number) => void) => {
  const server: LocalServer = await startTcpServer((socket) => {
    let left = request.length
    let nth = 0
    socket.on('end', () => socket.end())
    socket.on('data', (chunk) => {
      left -= chunk.length
      if (left > 0) return
      left = request.length
      onRequest(socket, ++nth)
    })
  })
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], ca: null })
  const connections = createPutConnections(network)
  cleanups.push(server.close, connections.close)
  const peer = { protocol: 'http:', hostname: '127.0.0.1', port: server.port } as const
  const put = (changes: Partial<typeof timeouts> = {}, signal = unaborted()) =>
    connections.put(peer, request, { ...timeouts, ...changes }, signal)
  return { server, connections, put, peer }
}

describe('connections of small PUTs', () => {
  it('are used again, one request after another', async () => {
    const { put, server } = await setup((socket) => socket.write(ok))
    for (let n = 0; n < 5; n++) expect(await put()).toMatchObject({ answer: { status: 200 } })
    expect(server.accepted()).toBe(1)
    await Promise.all(Array.from({ length: 4 }, () => put()))
    expect(server.accepted()).toBe(4)
  })

  it('take an answer that comes byte by byte', async () => {
    const { put } = await setup((socket) => {
      let at = 0
      const next = (): void => {
        if (at < ok.length) socket.write(ok.slice(at, ++at), () => setImmediate(next))
      }
      next()
    })
    expect(await put()).toMatchObject({ answer: { status: 200 } })
  })

  it.each([
    ['a refusal of the request', 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n', 'STATUS_403', false],
    ['a failure of the server', 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n', 'STATUS_503', true],
    ['a redirect', 'HTTP/1.1 307 There\r\nContent-Length: 0\r\n\r\n', 'STATUS_307', true],
    ['an answer that is none', 'hello\r\n\r\n', 'ODD_ANSWER', true],
    ['an answer too long to be one', 'x'.repeat(70_000), 'ODD_ANSWER', true],
  ])('say that %s is trouble, and are closed', async (_, answer, trouble, mayBeDone) => {
    const { put, server } = await setup((socket) => socket.write(answer))
    expect(await put()).toMatchObject({ trouble, mayBeDone })
    await until('the connection is closed', () => server.open() === 0)
    expect(await put()).toMatchObject({ trouble })
    expect(server.accepted()).toBe(2)
  })

  it('say that a connection that ends in the middle leaves it open what was done', async () => {
    const { put } = await setup((socket) => socket.end(ok.slice(0, 20)))
    expect(await put()).toMatchObject({ trouble: 'ECONNRESET', mayBeDone: true })
  })

  it('say that nothing can have been done where nobody listens', async () => {
    const { put, server } = await setup(() => {})
    await server.close()
    expect(await put()).toMatchObject({ trouble: 'ECONNREFUSED', mayBeDone: false })
  })

  it('do not use a connection again that the server has closed', async () => {
    const { put, server } = await setup((socket) => socket.end(ok))
    for (let n = 0; n < 3; n++) {
      expect(await put()).toMatchObject({ answer: { status: 200 } })
      await until('the connection is closed', () => server.open() === 0)
    }
  })

  it('close one over which bytes come that nobody asked for', async () => {
    const sockets: Socket[] = []
    const { put, server } = await setup((socket) => {
      sockets.push(socket)
      socket.write(ok)
    })
    await put()
    sockets[0]?.write(ok)
    await until('the connection is closed', () => server.open() === 0)
    expect(await put()).toMatchObject({ answer: { status: 200 } })
  })

  it.each([
    ['the answer', { answerMs: 300 }, 'ANSWER_TIMEOUT'],
    ['everything', { budgetMs: 300 }, 'BUDGET_TIMEOUT'],
  ])('end a request when the time of %s is over', async (_, limits, trouble) => {
    const { put, server } = await setup(() => {})
    expect(await put(limits)).toMatchObject({ trouble, mayBeDone: true })
    await until('the connection is closed', () => server.open() === 0)
  })

  it('end a request that is called off, before it begins and while it waits', async () => {
    const stop = new AbortController()
    const { put, server } = await setup(() => stop.abort())
    expect(await put({}, stop.signal)).toMatchObject({ trouble: 'ABORTED', mayBeDone: true })
    expect(await put({}, stop.signal)).toMatchObject({ trouble: 'ABORTED', mayBeDone: false })
    await until('the connection is closed', () => server.open() === 0)
    expect(server.accepted()).toBe(1)
  })
})
