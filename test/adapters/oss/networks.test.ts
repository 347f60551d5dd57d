import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import { createNetwork } from '../../../src/adapters/oss/wire/network.js'
import { startTlsFront } from '../../fakes/tls-front.js'
import { type Authority, type Certificate, createAuthority, selfSigned } from './certificates.js'
import { startTcpServer } from './raw-servers.js'
import { failureOf, object, targetFor, unaborted } from './target-setup.js'

const node = vi.hoisted(() => ({ roots: [] as string[] }))
/**
 * The authorities of Node.js cannot be spoken to in a test, so here Node.js brings the authorities that the test gives.
 */
vi.mock('node:tls', async (original) => ({ ...(await original<object>()), rootCertificates: node.roots }))

const resolver = vi.hoisted(() => ({ errno: 'ENOTFOUND' }))
/** No question leaves this machine, because the resolver knows nothing. */
vi.mock('node:dns', async (original) => ({
  ...(await original<object>()),
  lookup: (hostname: string, _options: object, callback: (error: Error) => void) =>
    process.nextTick(() => callback(Object.assign(new Error(`no ${hostname}`), { code: resolver.errno }))),
}))

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Answers HEAD as OSS does for an object that exists, and keeps the Host and path of each request. */
const startServer = async (host: string) => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.headers.host} ${request.url}`)
    response.writeHead(200, { etag: '"E"', 'content-length': '0', 'x-oss-request-id': 'REQ' }).end()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, port: (server.address() as AddressInfo).port }
}

const ask = async (endpoint: string, changes: Partial<OssTargetDeps> = {}) => {
  const { target } = targetFor(new URL(endpoint), changes)
  cleanups.push(() => target.close())
  return target.head(object, unaborted())
}

describe('an endpoint on IPv6', () => {
  it('can be tested here: this machine has ::1', () => {
    const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
    expect(addresses.map(({ address }) => address)).toContain('::1')
  })

  it.each(['virtual', 'path'] as const)(
    'is dialled, named in brackets, with the bucket in the path (%s)',
    async (addressing) => {
      const { seen, port } = await startServer('::1')
      await ask(`http://[::1]:${port}`, { addressing })
      expect(seen).toEqual([`[::1]:${port} /bucket-a/dir/a.bin`])
    },
  )

  it('keeps the bucket out of the path when the address is the bucket', async () => {
    const { seen, port } = await startServer('::1')
    await ask(`http://[::1]:${port}`, { addressing: 'cname' })
    expect(seen).toEqual([`[::1]:${port} /dir/a.bin`])
  })
})

describe('a name below localhost', () => {
  it.each(['127.0.0.1', '::1'])('is loopback whatever the resolver says, here %s', async (host) => {
    const { seen, port } = await startServer(host)
    await ask(`http://oss.localhost:${port}`, { addressing: 'virtual' })
    expect(seen).toEqual([`bucket-a.oss.localhost:${port} /dir/a.bin`])
  })

  it('keeps the reason when neither address of loopback answers', async () => {
    const gone = await startTcpServer(() => {})
    await gone.close()
    const failure = await failureOf(ask(`http://localhost:${gone.port}`))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toBe('No connection to OSS for HeadObject (ECONNREFUSED).')
  })
})

describe('a name that the resolver does not know', () => {
  it.each(['ENOTFOUND', 'EAI_AGAIN'])('is waited for, and the reason is told (%s)', async (errno) => {
    resolver.errno = errno
    const failure = await failureOf(ask('http://oss.test'))
    expect(failure.kind).toBe('transient')
    expect(failure.message).toBe(`No connection to OSS for HeadObject (${errno}).`)
  })
})

describe('the certificate of an endpoint', () => {
  let authority: Authority
  let other: Authority
  beforeAll(() => {
    authority = createAuthority()
    other = createAuthority()
  })

  const askOver = async (certificate: Certificate, ca: string | null, host = 'localhost') => {
    const { port } = await startServer('127.0.0.1')
    const front = await startTlsFront(certificate, port)
    cleanups.push(front.close)
    const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], ca })
    return ask(`https://${host}:${front.port}`, { network })
  }

  it('is accepted when its authority is one of those in the file', async () => {
    const stored = await askOver(authority.issue(['DNS:localhost']), `${other.cert}\n# and ours\n${authority.cert}`)
    expect(stored).toMatchObject({ etag: 'E' })
  })

  it('is accepted when it is itself in the file', async () => {
    const certificate = selfSigned('DNS:localhost')
    expect(await askOver(certificate, certificate.cert)).toMatchObject({ etag: 'E' })
  })

  it('is accepted for an address that it names', async () => {
    expect(await askOver(authority.issue(['IP:127.0.0.1']), authority.cert, '127.0.0.1')).toMatchObject({ etag: 'E' })
  })

  it('is accepted on the word of an authority that Node.js brings, with a file of others too', async () => {
    node.roots.push(authority.cert)
    cleanups.push(() => void node.roots.splice(0))
    expect(await askOver(authority.issue(['DNS:localhost']), other.cert)).toMatchObject({ etag: 'E' })
  })

  it.each<[string, () => Certificate, string]>([
    ['self-signed', () => selfSigned('DNS:localhost'), 'is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)'],
    [
      'of an unknown authority',
      () => other.issue(['DNS:localhost']),
      'comes from an authority that is not trusted here',
    ],
    ['for another name', () => authority.issue(['DNS:elsewhere.test']), 'is for another name (ERR_TLS_CERT_ALTNAME'],
    ['that has expired', () => authority.issue(['DNS:localhost'], -1), 'has expired (CERT_HAS_EXPIRED)'],
  ])('that is %s makes jobs wait, and says so', async (_what, make, sentence) => {
    const failure = await failureOf(askOver(make(), authority.cert))
    expect(failure.kind).toBe('setup')
    expect(failure.message).toContain(`The endpoint's TLS certificate ${sentence}`)
  })

  it('is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    cleanups.push(() => void vi.unstubAllEnvs())
    expect((await failureOf(askOver(selfSigned('DNS:localhost'), null))).kind).toBe('setup')
  })
})
