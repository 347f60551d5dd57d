import { afterEach, describe, expect, it } from 'vitest'
import { type DaemonProcess, runMain } from './daemon-process.js'
import { mountSmallDisk, type SmallDisk } from './small-disk.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from './world.js'

const parts = 12

let world: World
let disk: SmallDisk
afterEach(async () => {
  disk.unmount()
  await world.end()
})

interface Readiness {
  readonly code?: string
  readonly checks: { readonly store: { readonly ok: boolean; readonly code?: string } }
}

const readiness = (daemon: DaemonProcess) => daemon.request<Readiness>('GET', '/readyz')

/** Starts a daemon whose data directory is a disk of 4 MiB, with a job of twelve parts under way and the disk full. */
const setup = async () => {
  world = await createWorld({ bandwidth: 4 * mib })
  disk = mountSmallDisk(world.dataDir, 4 * mib)
  const path = await world.makeSource('big.bin', parts * mib)
  const small = await world.makeSource('small.bin', 1000)
  const daemon = await world.start()
  const job = { source: { path }, target: { bucket, key: 'big.bin' }, partSize: mib, multipartThreshold: mib }
  const { id } = await daemon.submit({ ...job, parallel: 2 })
  const waiting = { source: { path: small }, target: { bucket, key: 'small.bin' } }
  await until(async () => (await daemon.get(id)).progress.partsUploaded >= 2)
  disk.fill()
  await until(async () => (await readiness(daemon)).status === 503)
  return { path, small, daemon, id, waiting }
}

const partsSent = () => world.control.ledger().entries.filter(({ operation }) => operation === 'UploadPart')
const inFlight = () => world.control.ledger().inFlight

describe('a disk that fills up under the daemon', () => {
  it('stops claims and parts, refuses submits, still reads, and lets all go on when there is room', async () => {
    const { path, small, daemon, id, waiting } = await setup()
    expect((await readiness(daemon)).body).toMatchObject({
      code: 'storage_full',
      checks: { store: { ok: false, code: 'storage_full' } },
    })
    expect((await daemon.request('GET', '/livez')).status).toBe(200)
    const refused = await daemon.request<{ code: string }>('POST', '/v1/jobs', waiting)
    expect(refused.status).toBe(507)
    expect(refused.body.code).toBe('storage_full')
    expect((await daemon.request('POST', `/v1/jobs/${id}/pause`)).status).toBe(507)
    expect(await daemon.get(id)).toMatchObject({ state: 'queued', waiting: 'storage', attempts: 0 })
    expect((await daemon.parts(id)).length).toBe(parts)
    expect((await daemon.request('GET', '/v1/jobs')).status).toBe(200)

    await until(() => inFlight().length === 0)
    const { length: sentWhileFull } = partsSent()
    // Parts of both workers were in flight or had just landed when the disk was full, and nothing follows them.
    for (let i = 0; i < 40; i++) await readiness(daemon)
    expect(inFlight()).toEqual([])
    expect(partsSent()).toHaveLength(sentWhileFull)
    expect(sentWhileFull).toBeLessThan(parts)

    disk.free()
    const job = await daemon.settled(id)
    expect(job).toMatchObject({ state: 'completed', waiting: null, attempts: 0 })
    expect((await readiness(daemon)).status).toBe(200)
    expect(partsSent()).toHaveLength(parts)
    expect(await world.objectSha256('big.bin')).toBe(await sha256Of(path))
    const { id: later } = await daemon.submit(waiting)
    expect((await daemon.settled(later)).state).toBe('completed')
    expect(await world.objectSha256('small.bin')).toBe(await sha256Of(small))
    expect(world.control.uploads()).toEqual([])
  })

  it('does not keep it from stopping, and the next start goes on with what OSS holds', async () => {
    const { path, daemon, id } = await setup()
    daemon.kill('SIGTERM')
    const { code, stdout } = await daemon.exited
    expect(code).toBe(0)
    expect(stdout).toContain('Stopped')
    await until(() => inFlight().length === 0)
    disk.free()
    const next = await world.start()
    expect(await next.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    // Parts that were in flight when the process ended may be sent again, unless OSS has them.
    expect(partsSent().length).toBeLessThanOrEqual(parts + 2)
    expect(await world.objectSha256('big.bin')).toBe(await sha256Of(path))
  })

  it('is survived by kill -9; a start on the full disk is refused with exit code 74 and loses nothing', async () => {
    const { path, daemon, id } = await setup()
    daemon.kill('SIGKILL')
    await daemon.exited
    const refused = await runMain(['serve'], world.settings)
    expect(refused.code).toBe(74)
    expect(refused.stderr).toMatch(/cannot be opened: .*(full|ENOSPC)/)
    disk.free()
    const next = await world.start()
    expect(await next.settled(id)).toMatchObject({ state: 'completed', attempts: 0 })
    expect(await world.objectSha256('big.bin')).toBe(await sha256Of(path))
  })
})
