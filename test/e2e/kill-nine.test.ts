import { join } from 'node:path'
import openDatabase from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { bucket, createWorld, mib, newSeed, seeded, sha256Of, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const kills = 5
const parallel = 4
const size = 200 * mib

describe('kill -9, five times at random', () => {
  it('loses no job, proves the object, and sends at most the parts in flight again', { timeout: 240_000 }, async () => {
    const seed = newSeed()
    process.stdout.write(`kill-nine: SEED=${seed}\n`)
    const random = seeded(seed)
    world = await createWorld({ bandwidth: 20_000_000 })
    const path = await world.makeSource('big.bin', size)
    const small = await world.makeSource('small.bin', 1000)

    let daemon = await world.start()
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'dir/big.bin' }, parallel })
    const others: string[] = []
    for (let kill = 1; kill <= kills; kill++) {
      // The goal lies somewhere in the next seventh of the file, so that the kills spread over the whole upload.
      const goal = ((kill - 1 + random()) / (kills + 2)) * size
      await until(async () => {
        const { progress } = await daemon.get(id)
        return progress.bytesUploaded + progress.bytesInFlight >= goal
      })
      // This job is accepted in the very moment before the power goes.
      const other = await daemon.submit({ source: { path: small }, target: { bucket, key: `small-${kill}` } })
      others.push(other.id)
      daemon.kill('SIGKILL')
      expect((await daemon.exited).signal).toBe('SIGKILL')
      daemon = await world.start()
    }
    const job = await daemon.settled(id)

    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
    expect(job.receipt).toMatchObject({ size, proof: 'object' })
    expect(job.receipt?.serverCrc64).toBe(job.receipt?.crc64)
    expect(await world.objectSha256('dir/big.bin')).toBe(await sha256Of(path))
    for (const other of others) expect((await daemon.settled(other)).state).toBe('completed')

    const sent = world.control.ledger().entries.filter((entry) => entry.operation === 'UploadPart')
    const storedTwice = sent.filter((entry) => entry.stored).length - 20
    const sentTwice = sent.length - 20
    process.stdout.write(`kill-nine: ${kills} kills, ${sentTwice} parts begun again, ${storedTwice} stored twice\n`)
    expect(sentTwice).toBeGreaterThanOrEqual(0)
    expect(sentTwice).toBeLessThanOrEqual(kills * parallel)
    expect(world.control.uploads()).toEqual([])

    const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
    const rows = database
      .prepare('SELECT count(*) AS parts, count(etag) AS etags, count(crc64) AS crcs FROM parts')
      .get()
    database.close()
    expect(rows).toEqual({ parts: 20, etags: 20, crcs: 20 })
  })
})
