import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createNetwork, type NetworkSettings } from '../../../src/adapters/oss/wire/network.js'
import { startEmulator } from '../../../src/oss-emulator/emulator.js'
import type { Target } from '../../../src/ports/target.js'
import { type HttpProxy, type HttpProxyOptions, startHttpProxy } from '../../fakes/http-proxy.js'
import { startTlsFront } from '../../fakes/tls-front.js'
import { type Authority, type Certificate, createAuthority } from './certificates.js'
import { startTcpServer, until } from './raw-servers.js'
import { createSourceFile, openSockets, type SourceFile } from './source-file.js'
import { failureOf, keys, noOptions, targetFor, testTimeouts, unaborted } from './target-setup.js'

const partSize = 300_000
const object = { bucket: 'bucket-a', key: 'dir/a.bin' }
const password = 'canary p@ss:word/of%the proxy'

let authority: Authority
let certificate: Certificate
beforeAll(() => {
  authority = createAuthority()
  certificate = authority.issue([
    'DNS:bucket-a.oss.test',
    'DNS:localhost',
    'DNS:bucket-a.localhost',
    'IP:127.0.0.1',
    'IP:::1',
  ])
})

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Setup {
  readonly scheme: 'http' | 'https'
  readonly host?: string
  readonly proxy?: HttpProxyOptions
  readonly network?: Partial<NetworkSettings>
  /** This is written into the proxy's URL. */
  readonly userinfo?: string
  readonly connectMs?: number
}

/** Starts an OSS behind a proxy. Only the proxy knows where `oss.test` is. */
const setup = async ({
  scheme,
  host = 'oss.test',
  proxy: behaviour,
  network = {},
  userinfo = '',
  connectMs = 1_000,
}: Setup) => {
  const socketsBefore = openSockets()
  const directory = await mkdtemp(join(tmpdir(), 'longshore-proxy-'))
  const emulator = await startEmulator({
    directory,
    buckets: [object.bucket],
    credentials: { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret },
  })
  const front = scheme === 'https' ? await startTlsFront(certificate, emulator.port) : null
  const port = front?.port ?? emulator.port
  const proxy = await startHttpProxy({ dialPort: port, ...behaviour })
  const proxyUrl = new URL(`${behaviour?.tls === undefined ? 'http' : 'https'}://${userinfo}localhost:${proxy.port}`)
  const { target, log } = targetFor(new URL(`${scheme}://${host}:${port}`), {
    addressing: 'virtual',
    timeouts: { ...testTimeouts, connectMs },
    network: createNetwork({ httpProxy: proxyUrl, httpsProxy: proxyUrl, noProxy: [], ca: authority.cert, ...network }),
  })
  const source = await createSourceFile(partSize * 3)
  cleanups.push(async () => {
    await target.close()
    await proxy.close()
    await front?.close()
    await emulator.close()
    await source.remove()
    await rm(directory, { recursive: true })
    await until('no socket is left', () => openSockets() <= socketsBefore)
  })
  return { emulator, proxy, target, log, source, port }
}

const sending = () => ({ signal: unaborted(), onProgress: () => {} })

/** Makes every kind of request: Initiate, several UploadPart at once, ListParts, Complete, HEAD, Put. */
const uploadEverything = async (target: Target, source: SourceFile): Promise<void> => {
  const { uploadId } = await target.initiate(object, noOptions, unaborted())
  const upload = { ...object, uploadId }
  const sent = await Promise.all(
    [1, 2, 3].map((partNumber) => {
      const range = source.range((partNumber - 1) * partSize, partSize)
      return target.uploadPart(upload, partNumber, range, noOptions, sending())
    }),
  )
  expect(await target.listParts(upload, unaborted())).toHaveLength(3)
  const parts = sent.map(({ etag }, index) => ({ partNumber: index + 1, etag }))
  await target.complete(upload, parts, noOptions, unaborted())
  expect(await target.head(object, unaborted())).toMatchObject({
    size: source.bytes.length,
    serverCrc64: source.crc64(),
  })
  const put = { ...sending(), confirm: async () => {} }
  await target.putObject({ ...object, key: 'put.bin' }, source.range(0, 1000), noOptions, put)
}
const requestsOfAll = 8

describe('a proxy before an http endpoint', () => {
  it('is handed every request whole, in few connections', async () => {
    const { proxy, emulator, target, source, port, log } = await setup({ scheme: 'http' })
    await uploadEverything(target, source)
    expect(log[0]).toMatchObject({ level: 'info', fields: { proxy: `localhost:${proxy.port}` } })
    expect(emulator.control.ledger().entries).toHaveLength(requestsOfAll)
    expect(proxy.ledger).toHaveLength(requestsOfAll)
    for (const { target: url } of proxy.ledger) expect(url).toMatch(`http://bucket-a.oss.test:${port}/`)
    expect(proxy.open()).toBeLessThanOrEqual(4)
  })

  it('gets the name and password of its URL, and OSS does not', async () => {
    const userinfo = `squid%40work:${encodeURIComponent(password)}@`
    const { proxy, target, source, log } = await setup({
      scheme: 'http',
      proxy: { user: 'squid@work', password },
      userinfo,
    })
    await uploadEverything(target, source)
    expect(proxy.ledger.map(({ status }) => status)).not.toContain(407)
    expect(JSON.stringify(log)).not.toContain('canary')
  })

  it('may speak TLS itself', async () => {
    const { proxy, target, source } = await setup({
      scheme: 'http',
      proxy: { tls: authority.issue(['DNS:localhost']) },
    })
    await uploadEverything(target, source)
    expect([...proxy.serverNames]).toEqual(['localhost'])
    expect(proxy.ledger).toHaveLength(requestsOfAll)
  })

  it.each([
    [407, 'setup', 'The proxy wants other credentials (407)'],
    [403, 'setup', 'The proxy refuses to forward our requests (403)'],
    [502, 'transient', 'The proxy answered'],
  ])('is named when it answers %i itself: %s', async (status, kind, sentence) => {
    const { target, source } = await setup({ scheme: 'http', proxy: { refusal: () => status } })
    const upload = { ...object, uploadId: 'U' }
    for (const attempt of [
      () => target.head(object, unaborted()),
      () => target.initiate(object, noOptions, unaborted()),
      () => target.uploadPart(upload, 1, source.range(), noOptions, sending()),
    ]) {
      const failure = await failureOf(attempt())
      expect(failure).toMatchObject({ kind, status })
      expect(failure.message).toContain(sentence)
    }
  })

  it('leaves a Complete in doubt when it loses the answer', async () => {
    const { target } = await setup({ scheme: 'http', proxy: { refusal: () => 504 } })
    const complete = target.complete({ ...object, uploadId: 'U' }, [], noOptions, unaborted())
    expect((await failureOf(complete)).kind).toBe('ambiguous')
  })
})

describe('a proxy before an https endpoint', () => {
  it('is asked for tunnels, which are used again', async () => {
    const { proxy, emulator, target, source, port } = await setup({ scheme: 'https' })
    await uploadEverything(target, source)
    await uploadEverything(target, source)
    expect(emulator.control.ledger().entries).toHaveLength(2 * requestsOfAll)
    expect(new Set(proxy.ledger.map(({ method, target: asked }) => `${method} ${asked}`))).toEqual(
      new Set([`CONNECT bucket-a.oss.test:${port}`]),
    )
    // There is one connection for control calls, and three for parts at once.
    expect(proxy.ledger.length).toBeLessThanOrEqual(4)
  })

  it('gets the name and password of its URL', async () => {
    const userinfo = `squid:${encodeURIComponent(password)}@`
    const { proxy, target, source } = await setup({ scheme: 'https', proxy: { user: 'squid', password }, userinfo })
    await uploadEverything(target, source)
    expect(proxy.ledger.every(({ status }) => status === 200)).toBe(true)
  })

  it('may speak TLS itself', async () => {
    const { proxy, target, source } = await setup({
      scheme: 'https',
      proxy: { tls: authority.issue(['DNS:localhost']) },
    })
    await uploadEverything(target, source)
    expect([...proxy.serverNames]).toEqual(['localhost'])
    expect(proxy.ledger.length).toBeGreaterThan(0)
  })

  it('is asked for an IPv6 address in brackets, whose certificate is checked for that address', async () => {
    const { proxy, target, source, port } = await setup({ scheme: 'https', host: '[::1]' })
    await uploadEverything(target, source)
    expect(proxy.ledger[0]?.target).toBe(`[::1]:${port}`)
  })

  it.each([
    [407, 'setup', 'The proxy wants other credentials (407)'],
    [403, 'setup', 'The proxy refuses to forward our requests (403)'],
    [502, 'transient', 'The proxy answered 502 for HeadObject'],
    [503, 'transient', 'The proxy answered 503 for HeadObject'],
  ])('is named when it answers %i: %s', async (status, kind, sentence) => {
    const userinfo = `squid:${encodeURIComponent(password)}@`
    const { target, proxy, log } = await setup({ scheme: 'https', proxy: { refusal: () => status }, userinfo })
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe(kind)
    expect(failure.message).toContain(sentence)
    expect(`${failure.stack} ${JSON.stringify(log)}`).not.toMatch(/canary|Basic /)
    await until('nothing is left open', () => proxy.open() === 0)
  })

  it("tells the endpoint's certificate from the proxy's", async () => {
    const strange = await setup({ scheme: 'https', host: 'elsewhere.test' })
    expect((await failureOf(strange.target.head(object, unaborted()))).message).toMatch(
      /^The endpoint's TLS certificate is for another name/,
    )
    const distrusted = await setup({ scheme: 'https', proxy: { tls: certificate }, network: { ca: null } })
    expect((await failureOf(distrusted.target.head(object, unaborted()))).message).toMatch(
      /^The proxy's TLS certificate comes from an authority that is not trusted here/,
    )
  })

  it('gives up in time when it does not answer, and leaves nothing behind', async () => {
    const { target, proxy } = await setup({ scheme: 'https', proxy: { refusal: () => 'silence' } })
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toContain('No connection to the proxy')
    await until('nothing is left open', () => proxy.open() === 0)
  })

  it('does not hold up an abort', async () => {
    const { target, proxy } = await setup({
      scheme: 'https',
      proxy: { refusal: () => 'silence' },
      connectMs: 60_000,
    })
    const control = new AbortController()
    const attempt = target.head(object, control.signal)
    await until('the proxy was asked', () => proxy.ledger.length === 1)
    const reason = new Error('not wanted any more')
    control.abort(reason)
    await expect(attempt).rejects.toBe(reason)
    await target.close()
    await until('the question is withdrawn', () => proxy.open() === 0)
  })

  it('closes a tunnel that comes when nobody wants it any more', async () => {
    const { target, proxy } = await setup({ scheme: 'https' })
    const control = new AbortController()
    const attempt = target.head(object, control.signal)
    control.abort(new Error('not wanted any more'))
    await expect(attempt).rejects.toThrow('not wanted any more')
    await until('the tunnel is there', () => proxy.ledger.length === 1)
    await until('nothing is left open', () => proxy.open() === 0)
  })
})

describe('something at the address of a proxy', () => {
  const setupWith = async (onConnection: (socket: Socket) => void, scheme = 'https') => {
    const server = await startTcpServer(onConnection)
    const proxyUrl = new URL(`http://127.0.0.1:${server.port}`)
    const { target } = targetFor(new URL(`${scheme}://oss.test`), {
      timeouts: { ...testTimeouts, connectMs: 1_000 },
      network: createNetwork({ httpProxy: proxyUrl, httpsProxy: proxyUrl, noProxy: [], ca: null }),
    })
    cleanups.push(server.close, () => target.close())
    return { target, server }
  }

  it.each(['http', 'https'])('that is not there (%s endpoint) is waited for', async (scheme) => {
    const { target, server } = await setupWith(() => {}, scheme)
    await server.close()
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toBe('No connection to the proxy (ECONNREFUSED) for HeadObject.')
  })

  it.each<[string, (socket: Socket) => void]>([
    ['hangs up', (socket) => void socket.end()],
    ['resets', (socket) => void socket.resetAndDestroy()],
    ['talks nonsense', (socket) => void socket.end('220 smtp ready\r\n')],
    ['answers more than it was asked', (socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\nhello')],
  ])('that %s is no answer of OSS, and leaves nothing open', async (_what, behave) => {
    const { target, server } = await setupWith((socket) => {
      socket.once('data', () => behave(socket)).on('end', () => socket.end())
    })
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.message).toMatch(/proxy/)
    await until('nothing is left open', () => server.open() === 0)
  })

  it('that opens a tunnel to nowhere makes TLS stall, which is a network fault', async () => {
    const { target, server } = await setupWith((socket) => {
      socket.once('data', () => void socket.write('HTTP/1.1 200 OK\r\n\r\n')).on('end', () => socket.end())
    })
    const failure = await failureOf(target.head(object, unaborted()))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toContain('TLS handshake stalled')
    await until('nothing is left open', () => server.open() === 0)
  })
})

describe('NO_PROXY', () => {
  const calls = (proxy: HttpProxy): number => proxy.ledger.length

  it.each(['http', 'https'] as const)('leads past the proxy to an %s endpoint', async (scheme) => {
    const exempt = await setup({ scheme, host: 'localhost', network: { noProxy: ['localhost'] } })
    await uploadEverything(exempt.target, exempt.source)
    expect(calls(exempt.proxy)).toBe(0)
    expect(exempt.emulator.control.ledger().entries).toHaveLength(requestsOfAll)
  })

  it('can concern one bucket, because it stands in the name', async () => {
    const { target, proxy, emulator } = await setup({
      scheme: 'http',
      host: 'oss.localhost',
      network: { noProxy: ['bucket-b.oss.localhost'] },
    })
    await target.head(object, unaborted())
    expect(calls(proxy)).toBe(1)
    expect((await failureOf(target.head({ ...object, bucket: 'bucket-b' }, unaborted()))).code).toBe('no_such_bucket')
    expect(calls(proxy)).toBe(1)
    expect(emulator.control.ledger().entries).toHaveLength(2)
  })
})
