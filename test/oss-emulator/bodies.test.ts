import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Emulator } from '../../src/oss-emulator/emulator.js'
import {
  call,
  complete,
  createClient,
  element,
  initiate,
  makeDirectory,
  putPart,
  sign,
  startTestEmulator,
  until,
} from './support.js'

const setup = async () => {
  const directory = await makeDirectory()
  const emulator = await startTestEmulator({ directory })
  return { emulator, dataFiles: () => readdir(join(directory, 'data')) }
}

/** Returns a signed PUT that has sent its head. The test sends the body. */
const beginPut = (emulator: Emulator, headers: Record<string, string>): ClientRequest => {
  const signed = sign(createClient(emulator), { method: 'PUT', key: 'key', headers })
  const { method, path } = signed
  return httpRequest({ host: '127.0.0.1', port: emulator.port, method, path, headers: signed.headers, agent: false })
}

/** Returns the same head, for tests that write to the socket themselves. */
const headOf = (emulator: Emulator, headers: Record<string, string>): string => {
  const signed = sign(createClient(emulator), { method: 'PUT', key: 'key', headers })
  const lines = Object.entries({ host: 'localhost', ...signed.headers }).map(([name, value]) => `${name}: ${value}`)
  return `${signed.method} ${signed.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

const answered = (outgoing: ClientRequest): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    outgoing.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response))
    })
    outgoing.on('error', reject)
  })

describe('a body that is cut', () => {
  it.each([1000, 3_000_000])('after %i bytes leaves nothing behind', async (sent) => {
    const { emulator, dataFiles } = await setup()
    const outgoing = beginPut(emulator, { 'content-length': '5000000' })
    outgoing.on('error', () => {})
    outgoing.write(randomBytes(sent))
    await until(() => emulator.control.ledger().inFlight[0]?.bodyBytes === sent)
    outgoing.destroy()
    await until(() => emulator.control.ledger().entries.length === 1)
    expect(emulator.control.ledger().entries[0]).toMatchObject({ bodyBytes: sent, status: null, stored: false })
    expect(await dataFiles()).toEqual([])
    expect((await call(emulator, { method: 'HEAD', key: 'key' })).status).toBe(404)
  })

  it('by a half-closed connection leaves nothing behind', async () => {
    const { emulator, dataFiles } = await setup()
    const socket = connect(emulator.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.on('error', () => {})
    socket.resume()
    socket.end(`${headOf(emulator, { 'content-length': '100' })}only this`)
    await until(() => emulator.control.ledger().entries.length === 1)
    expect(emulator.control.ledger().entries[0]).toMatchObject({ bodyBytes: 9, stored: false })
    expect(await dataFiles()).toEqual([])
  })
})

describe('Expect: 100-continue', () => {
  it('lets the body come when the head is good', async () => {
    const { emulator } = await setup()
    const outgoing = beginPut(emulator, { 'content-length': '4', expect: '100-continue' })
    const answer = answered(outgoing)
    outgoing.flushHeaders()
    outgoing.on('continue', () => outgoing.end('data'))
    expect((await answer).statusCode).toBe(200)
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('data')
  })

  it('refuses before the body when it is not', async () => {
    const { emulator } = await setup()
    const outgoing = beginPut(emulator, {
      connection: 'keep-alive',
      'content-length': '4',
      expect: '100-continue',
      'x-oss-object-acl': 'nonsense',
    })
    const answer = answered(outgoing)
    let continued = false
    outgoing.on('continue', () => {
      continued = true
    })
    outgoing.flushHeaders()
    const response = await answer
    expect([response.statusCode, response.headers['connection'], continued]).toEqual([400, 'close', false])
    outgoing.destroy()
  })
})

it('what follows an early refusal is counted, and the connection can be used again', async () => {
  const { emulator } = await setup()
  emulator.control.addFaults([{ fault: { kind: 'status', status: 503 } }])
  const size = 8 * 1024 * 1024
  const socket = connect(emulator.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.write(headOf(emulator, { 'content-length': String(size) }))
  await until(() => text.startsWith('HTTP/1.1 503 '))
  socket.write(Buffer.alloc(size))
  socket.write(`${headOf(emulator, { 'content-length': '1' })}x`)
  await until(() => text.includes('HTTP/1.1 200 '))
  expect(emulator.control.ledger().entries.map(({ status, bodyBytes }) => [status, bodyBytes])).toEqual([
    [503, size],
    [200, 1],
  ])
})

it('a body may come in chunks of unknown number', async () => {
  const { emulator } = await setup()
  const outgoing = beginPut(emulator, { 'transfer-encoding': 'chunked' })
  const answer = answered(outgoing)
  outgoing.write('some ')
  outgoing.end('text')
  expect((await answer).statusCode).toBe(200)
  expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe('some text')
})

it('a data request without any length is refused', async () => {
  const { emulator } = await setup()
  const socket = connect(emulator.port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(headOf(emulator, { connection: 'close' }))
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 411 /)
  expect(element(text, 'Code')).toBe('MissingContentLength')
})

it('an XML body of more than 4 MiB is refused', async () => {
  const { emulator } = await setup()
  const uploadId = await initiate(emulator, 'key')
  const body = Buffer.alloc(4 * 1024 * 1024 + 1, ' ')
  const answer = await call(emulator, { method: 'POST', key: 'key', query: { uploadId }, body })
  expect(element(answer.text, 'Code')).toBe('EntityTooLarge')
})

it('replaced, refused, aborted and deleted bytes leave the disk', async () => {
  const { emulator, dataFiles } = await setup()
  const big = Buffer.alloc(2 * 1024 * 1024)
  await call(emulator, { method: 'PUT', key: 'key', body: big })
  await call(emulator, { method: 'PUT', key: 'key', body: big })
  expect(await dataFiles()).toHaveLength(1)
  await call(emulator, { method: 'PUT', key: 'other', body: big, headers: { 'content-md5': 'nonsense' } })
  expect(await dataFiles()).toHaveLength(1)
  const uploadId = await initiate(emulator, 'parts')
  await putPart(emulator, 'parts', uploadId, 1, big)
  await putPart(emulator, 'parts', uploadId, 1, big)
  expect(await dataFiles()).toHaveLength(2)
  await call(emulator, { method: 'DELETE', key: 'parts', query: { uploadId } })
  await call(emulator, { method: 'DELETE', key: 'key' })
  expect(await dataFiles()).toEqual([])
})

it('an object that is deleted while it is read is read to its end', async () => {
  const { emulator, dataFiles } = await setup()
  const bytes = randomBytes(24 * 1024 * 1024)
  const third = bytes.length / 3
  const uploadId = await initiate(emulator, 'key')
  const parts: { partNumber: number; etag: string }[] = []
  for (const partNumber of [1, 2, 3]) {
    const body = bytes.subarray((partNumber - 1) * third, partNumber * third)
    const { headers } = await putPart(emulator, 'key', uploadId, partNumber, body)
    parts.push({ partNumber, etag: String(headers['etag']) })
  }
  await complete(emulator, 'key', uploadId, parts)
  const signed = sign(createClient(emulator), { method: 'GET', key: 'key' })
  const outgoing = httpRequest({ host: '127.0.0.1', port: emulator.port, path: signed.path, headers: signed.headers })
  const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve).end())
  await call(emulator, { method: 'DELETE', key: 'key' })
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  await until(async () => (await dataFiles()).length === 0)
})
