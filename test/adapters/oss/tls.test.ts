import { Agent, createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createRangeSender } from '../../../src/adapters/oss/lanes/send-range.js'
import { createCrc64 } from '../../../src/core/crc64.js'
import { selfSigned } from './certificates.js'
import { startTcpServer } from './raw-servers.js'
import { createSourceFile } from './source-file.js'
import { failureOf, object, targetFor, unaborted } from './target-setup.js'

const certificate = selfSigned('DNS:localhost')

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

describe('over TLS', () => {
  const setup = async () => {
    const bodies: Buffer[] = []
    const server = createServer(certificate, async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      bodies.push(Buffer.concat(chunks))
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise<void>((resolve) => void server.close(() => resolve())))
    return { port: (server.address() as AddressInfo).port, bodies }
  }

  it('sends the same bytes, and reuses the connection', async () => {
    const { port, bodies } = await setup()
    const source = await createSourceFile(3_000_000)
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: certificate.cert })
    cleanups.push(
      () => source.remove(),
      () => agent.destroy(),
    )
    const send = createRangeSender(createCrc64)
    for (let n = 0; n < 2; n++) {
      const sent = await send(
        agent,
        {
          protocol: 'https:',
          hostname: 'localhost',
          port,
          path: '/',
          method: 'PUT',
          headers: { host: 'localhost', 'content-length': '3000000' },
          timeouts: { connectMs: 5_000, idleMs: 5_000, answerMs: 5_000, budgetMs: 20_000 },
        },
        source.range(),
        { signal: unaborted(), onProgress: () => {} },
      )
      expect(sent).toMatchObject({ status: 200, crc64: source.crc64() })
    }
    expect(bodies.every((body) => body.equals(source.bytes))).toBe(true)
  })

  it('refuses a certificate that nobody vouches for, in a sentence', async () => {
    const { port } = await setup()
    const { target } = targetFor(new URL(`https://localhost:${port}`))
    cleanups.push(() => target.close())
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('setup')
    expect(failure.message).toContain("The endpoint's TLS certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)")
  })
})

describe('towards something that is not TLS', () => {
  const setup = async (onConnection: (socket: Socket) => void) => {
    const server = await startTcpServer(onConnection)
    const { target } = targetFor(new URL(`https://127.0.0.1:${server.port}`))
    cleanups.push(server.close, () => target.close())
    return target
  }

  it('says that the endpoint does not speak TLS', async () => {
    const target = await setup((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('setup')
    expect(failure.message).toContain('does not speak TLS')
  })

  it('takes a hang-up in the handshake for a network fault', async () => {
    const target = await setup((socket) => void socket.end())
    expect((await failureOf(target.head(object, unaborted()))).kind).toBe('transient')
  })

  it('gives up on a handshake that goes nowhere', async () => {
    const target = await setup((socket) => void socket.resume())
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toContain('TLS handshake stalled')
  })
})
