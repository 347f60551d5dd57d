import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

const program = [
  '--import',
  new URL('without-unref.mjs', import.meta.url).href,
  fileURLToPath(new URL('draining-main.mjs', import.meta.url)),
]

const failingStart = fileURLToPath(new URL('failing-start-main.mjs', import.meta.url))

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = async (settings: Record<string, string> = {}): Promise<{ world: World; daemon: DaemonProcess }> => {
  const world = await createWorld({ bandwidth: 4 * mib })
  endings.push(() => world.end())
  return { world, daemon: await world.start({ LONGSHORE_DRAIN_TIMEOUT: '1s', ...settings }, { program }) }
}

/** Returns what the process still held when it had stopped. It ends by itself, or the test does not end. */
const heldAfterStop = async (daemon: DaemonProcess): Promise<readonly string[]> => {
  daemon.kill('SIGTERM')
  const { code, signal, stdout, stderr } = await daemon.exited
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  const line = stdout.split('\n').find((text) => text.includes('"held"'))
  // Standard output and error are the parent's pipes.
  return (JSON.parse(line ?? '{}') as { held: string[] }).held.filter((resource) => resource !== 'PipeWrap')
}

const keys = {
  accessKeyId: 'STS.id',
  accessKeySecret: 'canary-secret-of-the-service',
  securityToken: 'canary-token-of-the-service',
  expiresAt: '2099-01-01T00:00:00Z',
}

/** Keys that expire are renewed ahead of that, so a timer waits for it all the time. */
const startTokenService = async (): Promise<string> => {
  const server = createServer((_request, response) => {
    // The library keeps connections in an agent of its own that we cannot reach. Node never waits for an idle one.
    response.setHeader('connection', 'close')
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
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

describe('a process that has stopped, when nothing may ask not to be waited for', () => {
  it('holds no timer and no socket, and ends by itself, in the middle of everything', async () => {
    const { world, daemon } = await setup()
    const path = await world.makeSource('big.bin', 60 * mib)
    const submit = (key: string, more: object = {}) =>
      daemon.submit({ source: { path }, target: { bucket, key }, ...more })
    world.control.addFaults([
      {
        operation: 'InitiateMultipartUpload',
        bucket,
        key: 'failing',
        times: null,
        fault: { kind: 'status', status: 500 },
      },
      { operation: 'UploadPart', bucket, key: 'stalled', times: null, fault: { kind: 'stall', at: 'before-body' } },
    ])
    const sending = await submit('sending')
    const failing = await submit('failing')
    await submit('stalled')
    await submit('later', { notBefore: '2099-01-01T00:00:00Z' })
    await submit('in time', { notAfter: '2099-01-01T00:00:00Z' })
    await until(async () => (await daemon.get(sending.id)).progress.partsUploaded >= 1)
    await until(async () => (await daemon.get(failing.id)).attempts >= 1)
    const events = await fetch(`${daemon.url}/v1/events`)
    const waiting = daemon.request('GET', `/v1/jobs/${sending.id}?wait=55s`)
    expect(await heldAfterStop(daemon)).toEqual([])
    await events.body?.cancel().catch(() => {})
    await waiting
  })

  it('holds none either when its keys come from a service', async () => {
    const { world, daemon } = await setup({
      OSS_ACCESS_KEY_ID: '',
      OSS_ACCESS_KEY_SECRET: '',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
      ALIBABA_CLOUD_CREDENTIALS_URI: await startTokenService(),
    })
    world.control.setCredentials([keys])
    // There are keys, and a timer waits for the time to renew them.
    const path = await world.makeSource('small.bin', 1000)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'small.bin' } })
    expect((await daemon.settled(id)).state).toBe('completed')
    expect(await heldAfterStop(daemon)).toEqual([])
  })

  it('holds none either when OSS cannot be reached', async () => {
    const { world, daemon } = await setup({ OSS_ENDPOINT: 'http://127.0.0.1:1' })
    const path = await world.makeSource('small.bin', 1000)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'small.bin' } })
    await until(async () => (await daemon.get(id)).waiting === 'endpoint')
    expect(await heldAfterStop(daemon)).toEqual([])
  })
})

describe('a start that fails', () => {
  /** The process ends by itself, or the test does not end. */
  const failedStart = async (environment: Record<string, string>): Promise<{ reason: string; held: string[] }> => {
    const child = spawn(process.execPath, [...program.slice(0, 2), failingStart], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const told: string[] = []
    const errors: string[] = []
    child.stdout.on('data', (chunk: Buffer) => void told.push(chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => void errors.push(chunk.toString()))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect({ code, errors }).toEqual({ code: 0, errors: [] })
    const { reason, held } = JSON.parse(told.join('').trim().split('\n').at(-1) ?? '{}')
    return { reason, held: held.filter((resource: string) => resource !== 'PipeWrap') }
  }

  const prepare = async (): Promise<{ directory: string; environment: Record<string, string> }> => {
    const directory = await mkdtemp(join(tmpdir(), 'longshore-e2e-'))
    endings.push(() => rm(directory, { recursive: true, force: true }))
    await Promise.all(['data', 'source'].map((name) => mkdir(join(directory, name))))
    const environment = {
      OSS_ENDPOINT: 'http://127.0.0.1:1',
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: 'canary-secret-of-a-start',
      LONGSHORE_DATA_DIR: join(directory, 'data'),
      LONGSHORE_SOURCE_ROOTS: join(directory, 'source'),
      LONGSHORE_LISTEN: '127.0.0.1:0',
      LONGSHORE_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    }
    return { directory, environment }
  }

  it('at its database leaves nothing behind', async () => {
    const { directory, environment } = await prepare()
    await writeFile(join(directory, 'data', 'longshore.db'), 'this is no database, but long enough to be looked at')
    const { reason, held } = await failedStart(environment)
    expect(reason).toContain('is corrupt')
    expect(held).toEqual([])
  })

  it.each([['storedSettings'], ['unfinishedVerbs']])('at the stored %s leaves nothing behind', async (method) => {
    const { environment } = await prepare()
    expect(await failedStart({ ...environment, FAIL_AT: method })).toEqual({ reason: `${method} fails`, held: [] })
  })

  it('at an address that is taken leaves nothing behind', async () => {
    const { environment } = await prepare()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endings.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const { reason, held } = await failedStart({ ...environment, LONGSHORE_LISTEN: `127.0.0.1:${port}` })
    expect(reason).toContain('EADDRINUSE')
    expect(held).toEqual([])
  })
})
