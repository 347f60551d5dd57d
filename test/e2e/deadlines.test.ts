import { afterEach, describe, expect, it } from 'vitest'
import type { JobAnswer } from '../../src/core/job-view.js'
import { type DaemonProcess, runMain } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const inParts = { multipartThreshold: 102_400, partSize: 102_400, parallel: 1 }
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString()

describe('a deadline that is moved by PATCH', { timeout: 60_000 }, () => {
  /** Makes a running job whose second part OSS does not answer, and what moves its deadline. */
  const stuck = async () => {
    world = await createWorld()
    const daemon: DaemonProcess = await world.start()
    const path = await world.makeSource('k', 4 * 102_400)
    const fault = { kind: 'delay', ms: 10_000 } as const
    world.control.addFaults([{ operation: 'UploadPart', bucket, partNumber: 2, fault }])
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'k' }, ...inParts })
    await until(async () => (await daemon.get(id)).progress.partsUploaded === 1)
    const move = async (to: string | null) => daemon.request<JobAnswer>('PATCH', `/v1/jobs/${id}`, { notAfter: to })
    return { daemon, id, path, move }
  }

  it.each([
    ['later', () => soon(60_000)],
    ['away', () => null],
  ])('%s lets a job at work go on', async (_where, to) => {
    const { daemon, id, path, move } = await stuck()
    // It is set only now, because a busy machine may take long to come here. OSS answers the part after it.
    await move(soon(6_000))
    const moved = to()
    expect(await move(moved)).toMatchObject({ status: 200, body: { options: { notAfter: moved }, version: 3 } })
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', runs: 1 })
    expect(await world.objectSha256('k')).toBe(await sha256Of(path))
  })

  it.each([
    ['earlier', () => soon(500)],
    ['into the past', () => '2020-01-01T00:00:00.000Z'],
  ])('%s fails it then, and a retry with a later one keeps its parts', async (_where, to) => {
    const { daemon, id, path, move } = await stuck()
    const begunAt = Date.now()
    await move(to())
    expect(await daemon.settled(id)).toMatchObject({ state: 'failed', error: { code: 'deadline' } })
    expect(Date.now() - begunAt).toBeLessThan(8_000)
    const client = { LONGSHORE_URL: daemon.url }
    expect(await runMain(['set', id, '--not-after', 'off'], client)).toMatchObject({
      code: 0,
      stdout: `${id}  failed\n`,
    })
    await daemon.request('POST', `/v1/jobs/${id}/retry`)
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', error: null })
    expect(await world.objectSha256('k')).toBe(await sha256Of(path))
    const begun = world.control.ledger().entries.filter(({ operation }) => operation === 'InitiateMultipartUpload')
    expect(begun).toHaveLength(1)
  })

  it('is refused before the time for which a job waits', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const path = await world.makeSource('k', 10)
    const notBefore = soon(3_600_000)
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'k' }, notBefore })
    const patch = (notAfter: string) => daemon.request('PATCH', `/v1/jobs/${id}`, { notAfter })
    expect(await patch(notBefore)).toMatchObject({ status: 400, body: { errors: [{ path: 'notAfter' }] } })
    expect(await patch(soon(7_200_000))).toMatchObject({ status: 200 })
    expect((await daemon.get(id)).state).toBe('queued')
  })
})
