import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createExchanger, type Exchange } from '../../src/cli/client/http-exchange.js'
import { createAuthority } from '../adapters/oss/certificates.js'
import { startTlsFront } from '../fakes/tls-front.js'
import { jobView, startFakeDaemon } from './fake-daemon.js'
import { cli } from './run-cli.js'
import { temporaryDirectory } from './temporary-directory.js'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const patientMs = 60_000

const setup = async (answer: RequestListener) => {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  const exchanger = createExchanger(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, null)
  onTestFinished(async () => {
    await exchanger.close()
    server.closeAllConnections()
    server.close()
  })
  const asked: Exchange = {
    method: 'GET',
    path: '/x?y=1',
    headers: {},
    body: null,
    signal: new AbortController().signal,
    answerMs: patientMs,
    silenceMs: patientMs,
  }
  return { server, asked, send: exchanger.send, connections: () => connections }
}

const readAll = async (chunks: AsyncIterable<Buffer>): Promise<string> => {
  const parts: Buffer[] = []
  for await (const part of chunks) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe('a request of the client commands', () => {
  it('brings its body and its headers, and uses a connection again', async () => {
    const { asked, send, connections } = await setup((request, response) => {
      const { method, url, headers } = request
      request.setEncoding('utf8').on('data', (body) => response.end(JSON.stringify({ method, url, headers, body })))
    })
    for (let turn = 0; turn < 3; turn++) {
      const headers = { 'content-type': 'application/json' }
      const answer = await send({ ...asked, method: 'POST', headers, body: '{"name":"ü"}' })
      expect(JSON.parse(await readAll(answer.chunks()))).toMatchObject({
        method: 'POST',
        url: '/x?y=1',
        headers: { 'content-type': 'application/json', 'content-length': '13' },
        body: '{"name":"ü"}',
      })
    }
    expect(connections()).toBe(1)
  })

  it('gives up when no answer begins in time', async () => {
    const { asked, send } = await setup(() => {})
    await expect(send({ ...asked, answerMs: 30 })).rejects.toMatchObject({ code: 'ERR_NO_ANSWER' })
  })

  it('gives up when the answer falls silent, and gives what came before', async () => {
    const { asked, send } = await setup((_request, response) => void response.write('first'))
    const { chunks } = await send({ ...asked, silenceMs: 30 })
    const incoming = chunks()
    expect(String((await incoming.next()).value)).toBe('first')
    await expect(incoming.next()).rejects.toMatchObject({ code: 'ERR_SILENCE' })
  })

  it.each(['before it', 'while it waits', 'while it reads'])('ends when it is aborted %s', async (moment) => {
    const { server, asked, send } = await setup((_request, response) => {
      if (moment === 'while it reads') response.write('first')
    })
    const reason = new Error('the user went away')
    const controller = new AbortController()
    const { signal } = controller
    if (moment === 'before it') controller.abort(reason)
    const sent = send({ ...asked, signal })
    if (moment === 'while it waits') server.once('request', () => controller.abort(reason))
    if (moment !== 'while it reads') {
      await expect(sent).rejects.toBe(reason)
      return
    }
    const incoming = (await sent).chunks()
    await incoming.next()
    const next = incoming.next()
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
  })

  it('closes the connection of an answer that is not read to its end', async () => {
    let closed = (): void => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const { asked, send } = await setup((request, response) => {
      request.socket.once('close', closed)
      response.write('first')
    })
    for await (const chunk of (await send(asked)).chunks()) {
      expect(String(chunk)).toBe('first')
      break
    }
    await gone
  })
})

describe('a daemon behind TLS', () => {
  it('is reached when its authority is known to Node.js, and only then', async () => {
    const daemon = await startFakeDaemon()
    onTestFinished(() => daemon.stop())
    daemon.add(jobView('j1'))
    const authority = createAuthority()
    const front = await startTlsFront(authority.issue(['IP:127.0.0.1']), Number(new URL(daemon.url).port))
    onTestFinished(() => front.close())
    const ca = join(await temporaryDirectory(), 'authority.pem')
    await writeFile(ca, authority.cert)
    const show = (more: Record<string, string>) =>
      promisify(execFile)(process.execPath, [program, 'show', 'j1', '--json'], {
        env: { PATH: process.env['PATH'], LONGSHORE_URL: `https://127.0.0.1:${front.port}`, ...more },
      })
    expect(JSON.parse((await show({ NODE_EXTRA_CA_CERTS: ca })).stdout)).toMatchObject({ id: 'j1' })
    await expect(show({})).rejects.toMatchObject({ code: 69 })
  })

  it('is told from one that speaks no TLS', async () => {
    const daemon = await startFakeDaemon()
    onTestFinished(() => daemon.stop())
    const { code, errors } = await cli(['ls'], { LONGSHORE_URL: daemon.url.replace('http:', 'https:') })
    expect(code).toBe(69)
    expect(errors).toContain('(it does not speak TLS)')
  })
})
