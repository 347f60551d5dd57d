import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthority, selfSigned } from '../adapters/oss/certificates.js'
import { type HttpProxyOptions, startHttpProxy } from '../fakes/http-proxy.js'
import { startTlsFront } from '../fakes/tls-front.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

const password = 'canary-of-the-proxy'

let world: World
const cleanups: (() => Promise<void>)[] = []
beforeEach(async () => {
  world = await createWorld()
})
afterEach(async () => {
  await world.end()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

const emulatorPort = (): number => Number(new URL(world.settings['OSS_ENDPOINT'] ?? '').port)

const startProxy = async (options: HttpProxyOptions = {}) => {
  const proxy = await startHttpProxy({ user: 'squid', password, dialPort: emulatorPort(), ...options })
  cleanups.push(proxy.close)
  return { proxy, url: `http://squid:${password}@127.0.0.1:${proxy.port}` }
}

const submitTwo = async (daemon: DaemonProcess): Promise<readonly [string, string]> => {
  const parts = { multipartThreshold: 102_400, partSize: 102_400 }
  const large = await world.makeSource('large.bin', 5 * 102_400 + 7)
  const small = await world.makeSource('small.bin', 5_000)
  const first = await daemon.submit({ source: { path: large }, target: { bucket, key: 'large.bin' }, ...parts })
  const second = await daemon.submit({ source: { path: small }, target: { bucket, key: 'small.bin' }, ...parts })
  return [first.id, second.id]
}

const expectStored = async (daemon: DaemonProcess, ids: readonly string[]): Promise<void> => {
  for (const id of ids) expect(await daemon.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
  for (const name of ['large.bin', 'small.bin']) {
    expect(await world.objectSha256(name)).toBe(await sha256Of(join(world.sources, name)))
  }
}

/** Returns what the daemon sent. The test's own reads of objects do not count. */
const requestsOfTheDaemon = (): number =>
  world.control.ledger().entries.filter(({ operation }) => operation !== 'GetObject').length

const writeCaFile = async (cert: string): Promise<string> => {
  const path = join(world.sources, '..', 'authority.pem')
  await writeFile(path, cert)
  return path
}

/** Ends the daemon and looks through everything that it has printed. */
const expectNoSecrets = async (daemon: DaemonProcess): Promise<void> => {
  daemon.kill('SIGTERM')
  const { code, stdout, stderr } = await daemon.exited
  expect(code).toBe(0)
  for (const secret of [password, Buffer.from(`squid:${password}`).toString('base64')]) {
    expect(stdout + stderr).not.toContain(secret)
  }
}

/** These settings make Node.js and us say everything that they can. */
const talkative = { LONGSHORE_LOG_LEVEL: 'trace', NODE_DEBUG: 'http,https,net,tls' }

/** Only the proxy knows where this is. */
const beyondTheProxy = { OSS_ENDPOINT: 'http://oss.test:9000', OSS_ADDRESSING: 'virtual' }

describe('a daemon behind a proxy', () => {
  it('uploads through it with its name and password, and nothing past it', async () => {
    const { proxy, url } = await startProxy()
    const daemon = await world.start({ ...beyondTheProxy, HTTP_PROXY: url, ...talkative })
    await expectStored(daemon, await submitTwo(daemon))
    // These are Initiate, six parts, Complete and a put at the least.
    expect(proxy.ledger.length).toBeGreaterThanOrEqual(9)
    expect(proxy.ledger).toHaveLength(requestsOfTheDaemon())
    expect(proxy.ledger.every(({ target }) => target.startsWith(`http://${bucket}.oss.test:9000/`))).toBe(true)
    await expectNoSecrets(daemon)
  })

  it('tunnels through it to an https endpoint', async () => {
    const authority = createAuthority()
    const front = await startTlsFront(authority.issue([`DNS:${bucket}.oss.test`]), emulatorPort())
    cleanups.push(front.close)
    const { proxy, url } = await startProxy({ dialPort: front.port })
    const daemon = await world.start({
      OSS_ENDPOINT: 'https://oss.test',
      OSS_ADDRESSING: 'virtual',
      HTTPS_PROXY: url,
      LONGSHORE_CA_FILE: await writeCaFile(authority.cert),
      ...talkative,
    })
    await expectStored(daemon, await submitTwo(daemon))
    expect(new Set(proxy.ledger.map(({ method, target }) => `${method} ${target}`))).toEqual(
      new Set([`CONNECT ${bucket}.oss.test:443`]),
    )
    // The tunnels are used again: there are fewer tunnels than requests.
    expect(proxy.ledger.length).toBeLessThan(requestsOfTheDaemon())
    await expectNoSecrets(daemon)
  })

  it('goes past it to what NO_PROXY names', async () => {
    const { proxy, url } = await startProxy()
    const daemon = await world.start({ http_proxy: url, no_proxy: `elsewhere.example,127.0.0.1:${emulatorPort()}` })
    await expectStored(daemon, await submitTwo(daemon))
    expect(proxy.ledger).toEqual([])
  })

  it('waits while the proxy refuses its password, says so once, and goes on when it is accepted', {
    timeout: 60_000,
  }, async () => {
    let locked = true
    const { proxy, url } = await startProxy({ refusal: () => (locked ? 407 : null) })
    const daemon = await world.start({ ...beyondTheProxy, HTTP_PROXY: url })
    const ids = await submitTwo(daemon)
    const waiting = async () => Promise.all(ids.map(async (id) => (await daemon.get(id)).waiting))
    await until(async () => (await waiting()).every((reason) => reason === 'endpoint'))
    expect(proxy.ledger.length).toBeLessThanOrEqual(ids.length)
    locked = false
    await expectStored(daemon, ids)
    daemon.kill('SIGTERM')
    const { stdout } = await daemon.exited
    expect(stdout.match(/"level":"warn"[^\n]*The proxy wants other credentials \(407\)/g)).toHaveLength(1)
  })
})

describe('a daemon before an endpoint with a certificate of its own', () => {
  it('waits while it is wrong, and goes on without a restart when it is mended', { timeout: 60_000 }, async () => {
    const authority = createAuthority()
    const front = await startTlsFront(selfSigned('IP:127.0.0.1'), emulatorPort())
    cleanups.push(front.close)
    const daemon = await world.start({
      OSS_ENDPOINT: `https://127.0.0.1:${front.port}`,
      OSS_ADDRESSING: 'virtual',
      LONGSHORE_CA_FILE: await writeCaFile(authority.cert),
    })
    const ids = await submitTwo(daemon)
    await until(async () => (await daemon.get(ids[0])).waiting === 'endpoint')
    expect(await daemon.get(ids[0])).toMatchObject({ state: 'queued', attempts: 0, error: null })
    expect(requestsOfTheDaemon()).toBe(0)

    front.present(authority.issue(['IP:127.0.0.1']))
    await expectStored(daemon, ids)
    daemon.kill('SIGTERM')
    const { stdout } = await daemon.exited
    expect(stdout).toMatch(/"level":"warn"[^\n]*TLS certificate is self-signed[^\n]*LONGSHORE_CA_FILE/)
  })
})
