import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/oss-emulator/fault.js'
import { bucket, createWorld, sha256Of, type World } from './world.js'

let world: World
afterEach(() => world.end())

const partSize = 100 * 1024

/** Runs a sequential job of four parts, whose second meets a fault. */
const runWith = async (fault: Fault) => {
  world = await createWorld()
  const path = await world.makeSource('a.bin', 3 * partSize + 7)
  const target = { bucket, key: 'a.bin' }
  world.control.addFaults([{ operation: 'UploadPart', ...target, partNumber: 2, fault }])
  const daemon = await world.start()
  const shape = { sequential: true, partSize, multipartThreshold: partSize }
  const { id } = await daemon.submit({ source: { path }, target, ...shape })
  const job = await daemon.settled(id)
  const sent = world.control.ledger().entries.filter(({ operation }) => operation === 'UploadPart')
  return { job, sent, sha256: await sha256Of(path) }
}

describe('a sequential upload, of which OSS takes no part twice', () => {
  it('adopts the part whose answer was lost, and sends nothing out of order', async () => {
    const { job, sent, sha256 } = await runWith({ kind: 'lost-answer' })
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(await world.objectSha256('a.bin')).toBe(sha256)
    expect(sent.map(({ partNumber, status }) => [partNumber, status])).toEqual([
      [1, 200],
      [2, null],
      [2, 409],
      [3, 200],
      [4, 200],
    ])
  })

  it('starts anew when a part was changed on its way, and leaves nothing behind', async () => {
    const { job, sha256 } = await runWith({ kind: 'corrupt' })
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(await world.objectSha256('a.bin')).toBe(sha256)
    expect(world.control.uploads()).toEqual([])
  })
})
