import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChainSettings, createChainSource } from '../../../src/adapters/credentials/chain-source.js'
import { Failure } from '../../../src/core/failure.js'
import type { Logger } from '../../../src/ports/logger.js'

const metadataHost = '100.100.100.200'
const stsHost = 'sts.aliyuncs.com'
const chainModule = new URL('../../../dist/adapters/credentials/chain-source.js', import.meta.url).href

interface Seen {
  readonly method: string
  /** This is the host that was asked for, and the path without query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Handler = (request: Seen, response: ServerResponse) => void

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger }

let directory: string
let cleanups: (() => unknown)[] = []
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'longshore-chain-'))
  cleanups = [() => rm(directory, { recursive: true, force: true })]
  vi.stubEnv('HOME', directory)
  for (const name of Object.keys(process.env)) if (name.startsWith('ALIBABA_CLOUD_')) vi.stubEnv(name, undefined)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  for (const cleanup of cleanups.reverse()) await cleanup()
})

/**
 * Starts a server on loopback that stands for the metadata service, STS and the credentials URI. No other address is
 * reached.
 */
const setup = async (handler: Handler, named: Partial<ChainSettings> = {}) => {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const { method = '', headers, url = '' } = request
    const entry = { method, url: `${headers.host}${url.split('?')[0]}`, headers, body: await text(request) }
    seen.push(entry)
    handler(entry, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const plain = http.request
  const redirect = (options: http.RequestOptions): http.ClientRequest => {
    const host = options.host ?? ''
    if (![metadataHost, stsHost, '127.0.0.1'].includes(host)) throw new Error(`nobody may ask ${host}`)
    const headers = host === '127.0.0.1' ? options.headers : { ...options.headers, host }
    const own = host === '127.0.0.1' ? {} : { host: '127.0.0.1', port, agent: undefined }
    return plain({ ...options, ...own, ...(headers === undefined ? {} : { headers }) })
  }
  vi.spyOn(http, 'request').mockImplementation(redirect as typeof http.request)
  vi.spyOn(https, 'request').mockImplementation(redirect as typeof https.request)
  const address = `http://127.0.0.1:${port}/keys`
  if (named.credentialsUri !== undefined) vi.stubEnv('ALIBABA_CLOUD_CREDENTIALS_URI', address)
  const settings = {
    oidcTokenFile: null,
    ecsRole: null,
    ...named,
    credentialsUri: named.credentialsUri ? address : null,
  }
  const paths = (): string[] => seen.map(({ method, url }) => `${method} ${url}`)
  return { seen, paths, port, source: createChainSource(settings, logger) }
}

const uri = { credentialsUri: 'yes' }

const session = (generation: number, lifetimeMs = 3_600_000) => ({
  Code: 'Success',
  AccessKeyId: `STS.id-${generation}`,
  AccessKeySecret: `canary-secret-${generation}`,
  SecurityToken: `canary-token-${generation}`,
  Expiration: `${new Date(Date.now() + lifetimeMs).toISOString().slice(0, 19)}Z`,
})

const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const failureOf = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => new Error('it resolved'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Failure)) throw error
  return error
}

describe('the credentials URI', () => {
  it('is asked by every fetch, also for sessions that the library would keep', async () => {
    let generation = 0
    const { source, seen } = await setup((_, response) => json(response, session(++generation)), uri)
    const first = await source.fetchKeys()
    expect(first).toMatchObject({
      accessKeyId: 'STS.id-1',
      accessKeySecret: 'canary-secret-1',
      securityToken: 'canary-token-1',
      temporary: true,
    })
    expect(Math.abs((first.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000)
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'STS.id-2' })
    expect(seen).toHaveLength(2)
  })

  it('may hand out sessions of a few seconds', async () => {
    const { source } = await setup((_, response) => json(response, session(1, 5_000)), uri)
    const { expiresAt } = await source.fetchKeys()
    expect(expiresAt).toBeLessThan(Date.now() + 6_000)
    expect(expiresAt).toBeGreaterThan(Date.now() + 2_000)
  })

  it('is asked again after the whole chain has failed', async () => {
    let down = true
    const { source } = await setup((_, response) => (down ? json(response, {}, 500) : json(response, session(1))), uri)
    await failureOf(source.fetchKeys())
    await failureOf(source.fetchKeys())
    down = false
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'STS.id-1' })
  })

  it.each([
    ['an error that tells all', (response: ServerResponse) => json(response, 'canary-body', 500), /status 500/],
    ['text that is not JSON', (response: ServerResponse) => json(response, 'canary-body'), /no keys/],
    ['half of the keys', (response: ServerResponse) => json(response, { AccessKeySecret: 'canary-secret' }), /no keys/],
    ['nothing', (response: ServerResponse) => response.destroy(), /ECONNRESET/],
  ])('that answers %s is told of without a word of it', async (_, answer, sentence) => {
    const { source } = await setup((_, response) => void answer(response), uri)
    const failure = await failureOf(source.fetchKeys())
    expect(failure.kind).toBe('credentials')
    expect(failure.message).toMatch(sentence)
    expect(JSON.stringify(failure) + failure.message + String(failure.cause)).not.toContain('canary')
  })
})

describe('the ECS RAM role', () => {
  const metadata: Handler = ({ method, url, headers }, response) => {
    if (method === 'PUT') return void response.end('metadata-token')
    if (headers['x-aliyun-ecs-metadata-token'] !== 'metadata-token') return json(response, 'no token', 403)
    if (url.endsWith('/security-credentials/')) return void response.end('the-role')
    json(response, session(1))
  }

  it('is found through the hardened metadata service when nothing else is named', async () => {
    const { source, paths } = await setup(metadata)
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'STS.id-1', temporary: true })
    const base = `${metadataHost}/latest`
    expect(paths()).toEqual([
      `PUT ${base}/api/token`,
      `GET ${base}/meta-data/ram/security-credentials/`,
      `PUT ${base}/api/token`,
      `GET ${base}/meta-data/ram/security-credentials/the-role`,
    ])
  })

  it('is not looked up when it is named', async () => {
    vi.stubEnv('ALIBABA_CLOUD_ECS_METADATA', 'named-role')
    const { source, paths } = await setup(metadata, { ecsRole: 'named-role' })
    await source.fetchKeys()
    expect(paths().at(-1)).toBe(`GET ${metadataHost}/latest/meta-data/ram/security-credentials/named-role`)
    expect(paths()).toHaveLength(2)
  })

  it('is not asked for when the environment rules it out', async () => {
    vi.stubEnv('ALIBABA_CLOUD_ECS_METADATA_DISABLED', 'true')
    const { source, seen } = await setup(metadata)
    await failureOf(source.fetchKeys())
    expect(seen).toEqual([])
  })

  it('is not what a pod becomes when its token service or credentials URI fails', async () => {
    const tokenFile = join(directory, 'token')
    await writeFile(tokenFile, 'jwt')
    for (const [name, value] of [
      ['OIDC_TOKEN_FILE', tokenFile],
      ['OIDC_PROVIDER_ARN', 'acs:ram::1:oidc-provider/p'],
      ['ROLE_ARN', 'acs:ram::1:role/r'],
    ] as const) {
      vi.stubEnv(`ALIBABA_CLOUD_${name}`, value)
    }
    const { source, seen } = await setup((_, response) => json(response, {}, 503), {
      oidcTokenFile: tokenFile,
      ...uri,
    })
    expect((await failureOf(source.fetchKeys())).message).toContain('OIDC')
    expect(seen.map(({ url }) => url.split('/')[0])).not.toContain(metadataHost)
    expect(seen).toHaveLength(2)
  })
})

describe('OIDC', () => {
  it('trades the token that is in the file now', async () => {
    const tokenFile = join(directory, 'token')
    vi.stubEnv('ALIBABA_CLOUD_OIDC_TOKEN_FILE', tokenFile)
    vi.stubEnv('ALIBABA_CLOUD_OIDC_PROVIDER_ARN', 'acs:ram::1:oidc-provider/p')
    vi.stubEnv('ALIBABA_CLOUD_ROLE_ARN', 'acs:ram::1:role/r')
    const { source, seen } = await setup((_, response) => json(response, { Credentials: session(seen.length) }), {
      oidcTokenFile: tokenFile,
    })
    await writeFile(tokenFile, 'jwt-1')
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'STS.id-1', securityToken: 'canary-token-1' })
    await writeFile(tokenFile, 'jwt-2')
    const { accessKeyId, expiresAt } = await source.fetchKeys()
    expect(accessKeyId).toBe('STS.id-2')
    expect(expiresAt).toBeGreaterThan(Date.now())
    expect(seen.map(({ body }) => new URLSearchParams(body).get('OIDCToken'))).toEqual(['jwt-1', 'jwt-2'])
    expect(seen[0]?.url).toBe(`${stsHost}/`)
  })
})

describe('profiles', () => {
  const writeProfile = async (id: string): Promise<void> => {
    await mkdir(join(directory, '.alibabacloud'), { recursive: true })
    const lines = ['[default]', 'type = access_key', `access_key_id = ${id}`, 'access_key_secret = canary-secret']
    await writeFile(join(directory, '.alibabacloud', 'credentials'), lines.join('\n'))
  }

  it('are read again by every fetch, and their keys last', async () => {
    const { source } = await setup((_, response) => json(response, {}, 500))
    await writeProfile('one')
    expect(await source.fetchKeys()).toEqual({
      accessKeyId: 'one',
      accessKeySecret: 'canary-secret',
      securityToken: null,
      temporary: false,
      expiresAt: null,
    })
    await writeProfile('two')
    expect(await source.fetchKeys()).toMatchObject({ accessKeyId: 'two' })
  })

  it('do not take over from the provider that has answered before', async () => {
    let down = false
    const { source } = await setup((_, response) => (down ? json(response, {}, 500) : json(response, session(1))), uri)
    await source.fetchKeys()
    await writeProfile('someone-else')
    down = true
    expect((await failureOf(source.fetchKeys())).message).toMatch(/credentials URI: status 500/)
  })
})

it('leaves nothing behind that keeps a process alive', async () => {
  const { port } = await setup((_, response) => json(response, session(1)), uri)
  const script = `
    const { createChainSource } = await import(${JSON.stringify(chainModule)})
    const logger = { info() {} }
    const settings = { oidcTokenFile: null, ecsRole: null, credentialsUri: process.env.ALIBABA_CLOUD_CREDENTIALS_URI }
    process.stdout.write((await createChainSource(settings, logger).fetchKeys()).accessKeyId)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/keys`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect([said, code]).toEqual(['STS.id-1', 0])
})
