import { rm } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../src/oss-emulator/fault.js'
import type { OperationName } from '../../src/oss-emulator/operation-name.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const key = 'k'
const inParts = { multipartThreshold: 102_400, partSize: 102_400, parallel: 1 }
const small = 5_000
const large = 3 * 102_400 + 7

/** Holds the answer of this call for so long once the call has taken effect. */
const hold = (operation: OperationName, ms: number): FaultRule => ({
  operation,
  bucket,
  key,
  fault: { kind: 'delay', ms, at: 'before-answer' },
})

const forbid = (operation: OperationName): FaultRule => ({
  operation,
  bucket,
  times: null,
  fault: { kind: 'status', status: 403, code: 'AccessDenied' },
})

/** Returns whether OSS has done this call and holds its answer. */
const isHeld = (operation: OperationName): boolean =>
  world.control.ledger().inFlight.some((entry) => entry.operation === operation && entry.stored)

const calls = (operation: OperationName) =>
  world.control.ledger().entries.filter((entry) => entry.operation === operation)

const submit = async (daemon: DaemonProcess, size: number, more: object = {}) => {
  const path = await world.makeSource('source', size)
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key }, ...inParts, ...more })
  return { id, path }
}

const expectReceipt = async (daemon: DaemonProcess, id: string, size: number, sha256: string): Promise<void> => {
  expect(await daemon.settled(id)).toMatchObject({
    state: 'completed',
    outcome: 'uploaded',
    error: null,
    receipt: { size, proof: 'object' },
  })
  expect(await world.objectSha256(key)).toBe(sha256)
}

const answers = [
  ['PutObject', small],
  ['CompleteMultipartUpload', large],
] as const

describe('an answer that is held after its effect', { timeout: 90_000 }, () => {
  it('of a put is waited for by a cancel, and the job has its receipt', async () => {
    world = await createWorld()
    const daemon = await world.start()
    world.control.addFaults([hold('PutObject', 4_000)])
    const { id, path } = await submit(daemon, small)
    await until(() => isHeld('PutObject'))
    expect((await daemon.request('POST', `/v1/jobs/${id}/cancel`)).status).toBe(202)
    expect((await daemon.get(id)).state).toBe('cancelling')
    await expectReceipt(daemon, id, small, await sha256Of(path))
    expect(calls('PutObject')).toHaveLength(1)
  })

  it('of Complete makes a cancel a conflict, and the job has its receipt', async () => {
    world = await createWorld()
    const daemon = await world.start()
    world.control.addFaults([hold('CompleteMultipartUpload', 3_000)])
    const { id, path } = await submit(daemon, large)
    await until(() => isHeld('CompleteMultipartUpload'))
    expect((await daemon.request('POST', `/v1/jobs/${id}/cancel`)).status).toBe(409)
    await expectReceipt(daemon, id, large, await sha256Of(path))
    expect(calls('AbortMultipartUpload')).toEqual([])
  })

  it.each(['there', 'gone'])(
    'of a put that died with its daemon is looked for by a cancel, the source being %s',
    async (source) => {
      world = await createWorld()
      const dying = await world.start()
      world.control.addFaults([hold('PutObject', 60_000)])
      const { id, path } = await submit(dying, small)
      const sha256 = await sha256Of(path)
      await until(() => isHeld('PutObject'))
      dying.kill('SIGKILL')
      await dying.exited
      if (source === 'gone') await rm(path)
      world.control.addFaults([{ operation: 'HeadObject', bucket, key, fault: { kind: 'delay', ms: 1_500 } }])
      const daemon = await world.start()
      await daemon.request('POST', `/v1/jobs/${id}/cancel`)
      if (source === 'there') return expectReceipt(daemon, id, small, sha256)
      // Without its bytes the object cannot be proven, and no cancel deletes an object.
      expect(await daemon.settled(id)).toMatchObject({ state: 'cancelled', receipt: null, leftover: null })
      expect(await world.objectSha256(key)).toBe(sha256)
    },
  )

  it.each(answers)('of %s outlasts a deadline, and the job has its receipt', async (operation, size) => {
    world = await createWorld()
    const daemon = await world.start()
    world.control.addFaults([hold(operation, 6_000)])
    const { id, path } = await submit(daemon, size)
    await until(() => isHeld(operation))
    const notAfter = new Date(Date.now() + 200).toISOString()
    expect((await daemon.request('PATCH', `/v1/jobs/${id}`, { notAfter })).status).toBe(200)
    await expectReceipt(daemon, id, size, await sha256Of(path))
    expect(Date.now()).toBeGreaterThan(Date.parse(notAfter))
    expect(calls(operation)).toHaveLength(1)
  })

  it.each(answers)('of %s that died with its daemon is looked for behind a deadline', async (operation, size) => {
    world = await createWorld()
    const dying = await world.start()
    world.control.addFaults([hold(operation, 60_000)])
    const { id, path } = await submit(dying, size)
    await until(() => isHeld(operation))
    const notAfter = Date.now() + 300
    await dying.request('PATCH', `/v1/jobs/${id}`, { notAfter: new Date(notAfter).toISOString() })
    dying.kill('SIGKILL')
    await dying.exited
    await until(() => Date.now() > notAfter)
    const daemon = await world.start()
    await expectReceipt(daemon, id, size, await sha256Of(path))
    expect(calls(operation)).toHaveLength(1)
  })
})

describe('keys that may not list parts', { timeout: 90_000 }, () => {
  it.each(['kill -9', 'a pause'])('go on after %s from what the daemon knows, and send no part twice', async (how) => {
    world = await createWorld()
    world.control.addFaults([forbid('ListParts')])
    let daemon = await world.start()
    // A pause waits for the answer. After the kill nobody does, and the request must not take effect later.
    const fault = { kind: 'delay', ms: how === 'kill -9' ? 120_000 : 8_000 } as const
    world.control.addFaults([{ operation: 'UploadPart', bucket, key, partNumber: 3, fault }])
    const { id, path } = await submit(daemon, large)
    await until(async () => (await daemon.get(id)).progress.partsUploaded === 2)
    if (how === 'kill -9') {
      daemon.kill('SIGKILL')
      await daemon.exited
      daemon = await world.start()
    } else {
      await daemon.request('POST', `/v1/jobs/${id}/pause`)
      await until(async () => (await daemon.get(id)).state === 'paused')
      await daemon.request('POST', `/v1/jobs/${id}/resume`)
    }
    await expectReceipt(daemon, id, large, await sha256Of(path))
    const taken = calls('UploadPart').filter(({ status }) => status === 200)
    expect(taken.map(({ partNumber }) => partNumber).sort()).toEqual([1, 2, 3, 4])
    expect(calls('InitiateMultipartUpload')).toHaveLength(1)
    expect(calls('ListParts').length).toBeGreaterThan(0)
  })
})

describe('an object that somebody makes between HEAD and Initiate', { timeout: 90_000 }, () => {
  it('is object_exists at the first Initiate, and stays as it is', async () => {
    world = await createWorld()
    const daemon = await world.start()
    const other = await world.start({ LONGSHORE_DATA_DIR: `${world.dataDir}-other` })
    world.control.addFaults([hold('HeadObject', 5_000)])
    const { id } = await submit(daemon, large, { ifExists: 'fail' })
    await until(() => world.control.ledger().inFlight.some(({ operation }) => operation === 'HeadObject'))
    const theirs = await world.makeSource('theirs', small)
    const made = await other.submit({ source: { path: theirs }, target: { bucket, key } })
    expect((await other.settled(made.id)).state).toBe('completed')
    expect(await daemon.settled(id)).toMatchObject({ state: 'failed', error: { code: 'object_exists' } })
    expect(calls('InitiateMultipartUpload')).toHaveLength(1)
    expect(await world.objectSha256(key)).toBe(await sha256Of(theirs))
    expect(world.control.uploads()).toEqual([])
  })
})
