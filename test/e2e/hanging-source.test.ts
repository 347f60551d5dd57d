import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterEach, expect, it, type TestContext } from 'vitest'
import type { DaemonProcess } from './daemon-process.js'
import { type HangingMount, mountHanging } from './hanging-mount.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from './world.js'

let mount: HangingMount | null = null
let world: World | null = null

afterEach(async () => {
  await mount?.end()
  await world?.end()
  mount = null
  world = null
})

/** Returns whether the addon is there. Without it only SIGKILL ends a process with a thread that hangs. */
const endsByItself = (): boolean => {
  try {
    return typeof createRequire(import.meta.url)('../../native/crc64/crc64.node').exitNow === 'function'
  } catch {
    return false
  }
}

/** Starts a job and makes the file system of its source stop answering when the job is in the middle of it. */
const setup = async (context: TestContext, settings: Record<string, string> = {}) => {
  const here = await mountHanging(context)
  mount = here
  const there = await createWorld()
  world = there
  const behind = join(here.behind, 'big.bin')
  await writeFile(behind, randomBytes(48 * mib))
  const path = join(here.path, 'big.bin')
  const start = (): Promise<DaemonProcess> =>
    there.start({ LONGSHORE_SOURCE_ROOTS: `${there.sources}:${here.path}`, ...settings })
  const daemon = await start()
  const inParts = { partSize: mib, multipartThreshold: mib, parallel: 4 }
  const target = { bucket, key: 'big.bin' }
  const { id } = await daemon.submit({ source: { path }, target, ...inParts, bandwidth: '8MiB' })
  await until(async () => (await daemon.get(id)).progress.partsUploaded >= 2)
  here.hang()
  const isRight = async (): Promise<boolean> => (await there.objectSha256('big.bin')) === (await sha256Of(behind))
  return { mount: here, world: there, start, daemon, id, path, inParts, isRight }
}

it('a source that hangs makes its job wait, and nothing else', async (context) => {
  const { mount, world, daemon, id, path, inParts, isRight } = await setup(context)
  const healthy = await world.makeSource('healthy.bin', 20 * mib)
  const jobs = [await daemon.submit({ source: { path: healthy }, target: { bucket, key: 'healthy' }, ...inParts })]
  for (let index = 0; index < 10; index++) {
    const small = await world.makeSource(`small-${index}`, 100_000)
    jobs.push(await daemon.submit({ source: { path: small }, target: { bucket, key: `small-${index}` } }))
  }
  for (const job of jobs) expect(await daemon.settled(job.id)).toMatchObject({ state: 'completed', attempts: 0 })
  expect((await daemon.request('GET', '/livez')).status).toBe(200)

  await until(async () => (await daemon.get(id)).waiting === 'source')
  expect(await daemon.get(id)).toMatchObject({ state: 'queued', attempts: 0, error: null })
  const { body } = await daemon.request<{ waiting: Record<string, number> }>('GET', '/v1/stats')
  expect(body.waiting['source']).toBe(1)

  const again = await daemon.request<{ code: string }>('POST', '/v1/jobs', {
    source: { path },
    target: { bucket, key: 'again' },
  })
  expect(again).toMatchObject({ status: 422, body: { code: 'source_unavailable' } })
  const batch = await daemon.request('POST', '/v1/batches', {
    source: { dir: mount.path },
    target: { bucket, prefix: 'all/' },
  })
  expect(batch.status).toBe(422)

  mount.goOn()
  expect(await daemon.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
  expect(await isRight()).toBe(true)
})

it('a source that hangs does not keep SIGTERM from ending the daemon, and the next one goes on', async (context) => {
  const { mount, start, daemon, id, isRight } = await setup(context, { LONGSHORE_DRAIN_TIMEOUT: '1s' })
  daemon.kill('SIGTERM')
  const { code, signal } = await daemon.exited
  expect({ code, signal }).toEqual(endsByItself() ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' })

  mount.goOn()
  const next = await start()
  expect(await next.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
  expect(await isRight()).toBe(true)
})

it('a second SIGTERM ends a daemon whose source hangs at once', async (context) => {
  const { daemon } = await setup(context, { LONGSHORE_DRAIN_TIMEOUT: '10m' })
  daemon.kill('SIGTERM')
  await until(async () => (await daemon.request('GET', '/readyz').catch(() => ({ status: 503 }))).status === 503)
  daemon.kill('SIGTERM')
  expect((await daemon.exited).signal).toBe('SIGKILL')
})
