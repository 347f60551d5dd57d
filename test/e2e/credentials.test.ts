import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EmulatorCredentials } from '../../src/oss-emulator/authenticate.js'
import type { LedgerEntry } from '../../src/oss-emulator/ledger.js'
import { bucket, createWorld, credentials as lastingKeys, mib, sha256Of, until, type World } from './world.js'

let world: World
const cleanups: (() => unknown)[] = []
beforeEach(async () => {
  world = await createWorld({ bandwidth: 6_000_000 })
})
afterEach(async () => {
  await world.end()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

/** Returns settings without keys, which also ignore the profiles of the user who runs the tests. */
const withoutKeys = (): Record<string, string> => ({
  OSS_ACCESS_KEY_ID: '',
  OSS_ACCESS_KEY_SECRET: '',
  HOME: world.dataDir,
  ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
})

const keysOf = (generation: number, expiresAt: string): Required<EmulatorCredentials> => ({
  accessKeyId: `STS.id-${generation}`,
  accessKeySecret: `canary-secret-${generation}`,
  securityToken: `canary-token-${generation}`,
  expiresAt,
})

/** Starts a token service. Each request gets keys of its own for a few seconds, which OSS knows from then on. */
const startTokenService = async (lifetimeMs: number) => {
  const issued: EmulatorCredentials[] = [lastingKeys]
  const state = { down: false, asked: 0, issued }
  const server = createServer((_request, response) => {
    state.asked++
    if (state.down) {
      response.writeHead(500).end('out of order')
      return
    }
    // The instant has whole seconds, as in the services of Alibaba Cloud.
    const expiresAt = `${new Date(Date.now() + lifetimeMs).toISOString().slice(0, 19)}Z`
    const keys = keysOf(issued.length, expiresAt)
    issued.push(keys)
    world.control.setCredentials(issued)
    response.end(
      JSON.stringify({
        Code: 'Success',
        AccessKeyId: keys.accessKeyId,
        AccessKeySecret: keys.accessKeySecret,
        SecurityToken: keys.securityToken,
        Expiration: keys.expiresAt,
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const settings = { ...withoutKeys(), ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/keys` }
  return { state, settings }
}

const entries = (): readonly LedgerEntry[] => world.control.ledger().entries
const refusedRequests = (): number => entries().filter(({ status }) => status === 403).length

const proven = async (key: string, path: string): Promise<void> =>
  expect(await world.objectSha256(key)).toBe(await sha256Of(path))

describe('a credentials URI', () => {
  it('that rotates its keys every few seconds carries a big upload without a failed try', {
    timeout: 120_000,
  }, async () => {
    const { state, settings } = await startTokenService(4_000)
    const path = await world.makeSource('big.bin', 60 * mib)
    const daemon = await world.start(settings)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'big.bin' }, partSize: mib })
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1, waiting: null })
    await proven('big.bin', path)
    // At 6 MB/s it takes over 10 s: keys were renewed several times, ahead of their expiry, and the service was not
    // flooded.
    expect(state.issued.length).toBeGreaterThan(3)
    expect(state.asked).toBeLessThan(20)
    expect(refusedRequests()).toBeLessThanOrEqual(state.asked)
    const parts = entries().filter(({ operation, stored }) => operation === 'UploadPart' && stored)
    expect(parts).toHaveLength(60)

    daemon.kill('SIGTERM')
    const { code, stdout, stderr } = await daemon.exited
    expect(code).toBe(0)
    expect(stdout + stderr).not.toContain('canary')
  })

  it('that is down makes jobs wait, and they go on when it is back, with no try charged', {
    timeout: 120_000,
  }, async () => {
    const { state, settings } = await startTokenService(4_000)
    const path = await world.makeSource('big.bin', 25 * mib)
    const small = await world.makeSource('small.bin', 1000)
    const daemon = await world.start(settings)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'big.bin' }, partSize: mib })
    await until(async () => (await daemon.parts(id)).some((part) => part.state === 'uploaded'))
    state.down = true
    await until(async () => (await daemon.get(id)).waiting === 'credentials')
    const { id: later } = await daemon.submit({ source: { path: small }, target: { bucket, key: 'small.bin' } })
    expect(await daemon.get(later)).toMatchObject({ state: 'queued', waiting: 'credentials' })

    // However often new keys are looked for, nothing is sent with the old ones.
    const requests = entries().length
    const asked = state.asked
    await until(() => state.asked >= asked + 1)
    expect(entries().length).toBe(requests)
    expect(await daemon.get(id)).toMatchObject({ state: 'queued', waiting: 'credentials', attempts: 0 })

    state.down = false
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', attempts: 0, error: null })
    expect(await daemon.settled(later)).toMatchObject({ state: 'completed', attempts: 0 })
    await proven('big.bin', path)
    // There is one refusal for each request that was in flight or queued when the last keys ended, and some for the
    // next look.
    expect(refusedRequests()).toBeLessThan(20)
    const stored = entries().filter(({ operation, stored }) => operation === 'UploadPart' && stored)
    expect(new Set(stored.map(({ partNumber }) => partNumber)).size).toBe(25)
    expect(stored.length).toBeLessThanOrEqual(25 + 4)
  })

  it('that is down at the start keeps nothing from starting but the jobs', { timeout: 60_000 }, async () => {
    const { state, settings } = await startTokenService(60_000)
    state.down = true
    const path = await world.makeSource('small.bin', 1000)
    const daemon = await world.start(settings)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'small.bin' } })
    await until(async () => (await daemon.get(id)).waiting === 'credentials')
    expect((await daemon.request('GET', '/readyz')).status).toBe(200)
    expect(entries()).toEqual([])
    state.down = false
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', attempts: 0, runs: 1 })
    daemon.kill('SIGTERM')
    const { stdout } = await daemon.exited
    const warnings = stdout.split('\n').filter((line) => line.includes('No credentials are available'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('status 500')
  })
})

describe('a file of keys', () => {
  it('that is replaced under a running upload is followed, and waited for when it comes late', {
    timeout: 120_000,
  }, async () => {
    const file = join(world.sources, '..', 'keys.json')
    const never = new Date(Date.now() + 3_600_000).toISOString()
    const give = async (generation: number): Promise<void> => {
      const { accessKeyId, accessKeySecret, securityToken } = keysOf(generation, never)
      await writeFile(`${file}.new`, JSON.stringify({ accessKeyId, accessKeySecret, securityToken }))
      await rename(`${file}.new`, file)
    }
    const know = (generation: number): void => world.control.setCredentials([lastingKeys, keysOf(generation, never)])
    await give(1)
    know(1)
    const path = await world.makeSource('big.bin', 40 * mib)
    const daemon = await world.start({ ...withoutKeys(), OSS_CREDENTIALS_FILE: file })
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'big.bin' }, partSize: mib })
    const uploaded = async (): Promise<number> =>
      (await daemon.parts(id)).filter((part) => part.state === 'uploaded').length
    await until(async () => (await uploaded()) >= 5)

    // New keys are in the file when OSS stops accepting the old ones.
    await give(2)
    know(2)
    await until(async () => (await uploaded()) >= 15)
    expect((await daemon.get(id)).runs).toBe(1)

    // Now the file comes late.
    know(3)
    await until(async () => (await daemon.get(id)).waiting === 'credentials')
    await give(3)
    const settled = await daemon.settled(id)
    expect(settled).toMatchObject({ state: 'completed', attempts: 0 })
    // Refused keys that name no expiry are tried again after 2, 4 and 8 s, while the file is read every 5 s.
    expect(settled.runs).toBeGreaterThan(1)
    expect(settled.runs).toBeLessThanOrEqual(5)
    await proven('big.bin', path)
  })
})

it('keys of the settings with a token that has expired make jobs wait, not fail', { timeout: 60_000 }, async () => {
  const keys = keysOf(1, new Date(Date.now() - 1000).toISOString())
  world.control.setCredentials([lastingKeys, keys])
  const path = await world.makeSource('small.bin', 1000)
  const daemon = await world.start({
    OSS_ACCESS_KEY_ID: keys.accessKeyId,
    OSS_ACCESS_KEY_SECRET: keys.accessKeySecret,
    OSS_SESSION_TOKEN: keys.securityToken,
  })
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'small.bin' } })
  await until(async () => (await daemon.get(id)).waiting === 'credentials')
  daemon.kill('SIGTERM')
  await daemon.exited
  // A small file is sent among others first, and by itself once that was refused. The second answer says why.
  expect(refusedRequests()).toBe(2)

  const next = await world.start()
  expect(await next.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
})
