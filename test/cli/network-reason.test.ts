import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createHttpClient } from '../../src/cli/client/http-client.js'
import { networkReason } from '../../src/cli/client/network-reason.js'

/** Starts a server that answers every request by `answer`, and a client of it. */
const setup = async (answer: (socket: Socket) => void) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = createHttpClient({ address: origin, origin, basePath: '', socketPath: null, token: null })
  onTestFinished(async () => {
    await client.close()
    server.close()
  })
  const { signal } = new AbortController()
  const read = async (): Promise<void> => {
    for await (const chunk of await client.stream('/', { signal })) expect(chunk).not.toBe('')
  }
  return { ask: () => client.request('GET', '/', { signal }), read }
}

const head = (...headers: string[]): string => `${['HTTP/1.1 200 OK', ...headers].join('\r\n')}\r\n\r\n`
const chunked = head('transfer-encoding: chunked')
const lastChunked = head('connection: close', 'transfer-encoding: chunked')

describe('the reason of a request without an answer', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['no answer', (socket) => socket.end()],
    ['a reset', (socket) => socket.resetAndDestroy()],
    ['half a head', (socket) => socket.end('HTTP/1.1 200 OK\r\ntransf')],
    ['half a body', (socket) => socket.end(`${head('content-length: 9')}{"a`)],
    ['half a last body', (socket) => socket.end(`${head('connection: close', 'content-length: 9')}{"a`)],
    ['half a chunk', (socket) => socket.end(`${chunked}9\r\n{"a`)],
    ['half a chunk of a last answer', (socket) => socket.end(`${lastChunked}9\r\n{"a`)],
    ['a whole chunk and no end of a last answer', (socket) => socket.end(`${lastChunked}3\r\n{"a\r\n`)],
  ])('says that the connection broke after %s', async (_name, answer) => {
    const { ask, read } = await setup(answer)
    await expect(ask()).rejects.toThrow(/^the connection broke$/)
    await expect(read()).rejects.toThrow(/^the connection broke$/)
  })

  it('tells another protocol from a broken connection', async () => {
    const { ask } = await setup((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    await expect(ask()).rejects.toThrow(/^it does not speak HTTP$/)
  })

  it('does not quote a page that came in place of JSON', async () => {
    const { ask } = await setup((socket) => socket.end(`${head('content-length: 6')}<html>`))
    await expect(ask()).rejects.toThrow(/^its answer is not JSON$/)
  })

  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:1'), { code: 'ECONNREFUSED' })
  it.each<[string, unknown, string]>([
    ['the first of several addresses', new AggregateError([refused, new Error('other')]), 'connection refused'],
    ['what an error wraps', new TypeError('', { cause: refused }), 'connection refused'],
    ['a code without words of ours', Object.assign(new Error('m'), { code: 'EHOSTUNREACH' }), 'EHOSTUNREACH'],
    ['a message beside an undefined code', Object.assign(new Error('it hurts'), { code: undefined }), 'it hurts'],
    ['a message beside a number', Object.assign(new Error('it hurts'), { code: 20 }), 'it hurts'],
    ['nothing, for an error that says nothing', Object.assign(new Error(''), { code: '' }), 'unknown error'],
    ['nothing, for what is no error', undefined, 'unknown error'],
  ])('is %s', (_name, error, words) => {
    expect(networkReason(error)).toBe(words)
  })
})
