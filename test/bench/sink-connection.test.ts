import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type SinkExchange,
  type SinkRequest,
  serveConnection,
  serveIntoOneBuffer,
} from '../../bench/sink/sink-connection.js'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const until = (condition: () => boolean): Promise<boolean> => vi.waitUntil(condition, { interval: 1, timeout: 10_000 })

const ways = { 'of the sink': false, 'of the sink that reads into one buffer': true }

const setup = async (intoOneBuffer: boolean) => {
  const seen: (SinkRequest & { received: number })[] = []
  const sockets: Socket[] = []
  const server = createServer({ pauseOnConnect: intoOneBuffer }, (socket) => {
    const begin = (request: SinkRequest): SinkExchange => {
      const entry = { ...request, received: 0 }
      seen.push(entry)
      return {
        received: (bytes) => {
          entry.received += bytes
        },
        answer: (reply) => reply({ status: 200, headers: { 'x-number': String(seen.length) }, body: 'taken' }),
      }
    }
    if (!intoOneBuffer) serveConnection(socket, begin)
    sockets.push(intoOneBuffer ? serveIntoOneBuffer(socket, begin) : socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  closers.push(async () => {
    agent.destroy()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { port: address.port, agent, seen, sockets }
}

const put = (port: number, agent: Agent, path: string, body: Buffer, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; text: string; number: unknown }>((resolve, reject) => {
    const req = httpRequest({
      port,
      agent,
      method: 'PUT',
      path,
      headers: { 'content-length': body.length, ...headers },
    })
    req.on('error', reject)
    req.on('response', (answer) => {
      let text = ''
      answer.on('data', (chunk) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode, text, number: answer.headers['x-number'] }))
    })
    if (headers['expect'] === undefined) req.end(body)
    else req.once('continue', () => req.end(body)).flushHeaders()
  })

describe.each(Object.entries(ways))('the connection %s', (_, intoOneBuffer) => {
  it('counts bodies of any size, one after the other on the same connection', async () => {
    const { port, agent, seen } = await setup(intoOneBuffer)
    for (const size of [0, 1, 65_536, 3_000_000]) {
      expect(await put(port, agent, `/b/k?partNumber=${size}`, Buffer.alloc(size))).toMatchObject({ text: 'taken' })
    }
    expect(seen.map(({ path, received }) => [path, received])).toEqual(
      [0, 1, 65_536, 3_000_000].map((n) => ['/b/k', n]),
    )
    expect(seen.at(-1)?.query.get('partNumber')).toBe('3000000')
  })

  it('understands requests that arrive byte by byte, and two in one packet', async () => {
    const { port, seen, sockets } = await setup(intoOneBuffer)
    const socket = connect(port, '127.0.0.1').setNoDelay(true)
    let answers = ''
    socket.on('data', (chunk) => {
      answers += chunk
    })
    const bytes = 'PUT /b/1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nPUT!HEAD /b/2 HTTP/1.1\r\n\r\n'
    for (let sent = 0; sent < bytes.length; sent++) {
      await until(() => (sockets[0]?.bytesRead ?? 0) >= sent)
      socket.write(bytes.charAt(sent))
    }
    await until(() => seen.length === 2)
    socket.write('PUT /b/3 HTTP/1.1\r\ncontent-length: 1\r\n\r\nxPUT /b/4 HTTP/1.1\r\n\r\n')
    await until(() => answers.split('taken').length === 5)
    socket.destroy()
    expect(seen.map(({ method, path, received }) => `${method} ${path} ${received}`)).toEqual([
      'PUT /b/1 4',
      'HEAD /b/2 0',
      'PUT /b/3 1',
      'PUT /b/4 0',
    ])
  })

  it('invites a body that waits to be asked for', async () => {
    const { port, agent, seen } = await setup(intoOneBuffer)
    expect(await put(port, agent, '/b/k', Buffer.alloc(10), { expect: '100-continue' })).toMatchObject({ status: 200 })
    expect(seen[0]?.received).toBe(10)
  })

  it('refuses bodies whose length it is not told', async () => {
    const { port, agent, seen } = await setup(intoOneBuffer)
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const req = httpRequest({ port, agent, method: 'PUT', path: '/b/k', headers: { 'transfer-encoding': 'chunked' } })
      req.on('error', reject)
      req.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      req.end('x')
    })
    expect(answer).toBe(411)
    expect(seen).toEqual([])
  })
})
