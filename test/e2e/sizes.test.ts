import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, mib, sha256Of, type World } from './world.js'

let world: World
let daemon: DaemonProcess

beforeAll(async () => {
  world = await createWorld()
  daemon = await world.start()
})
afterAll(() => world.end())

const kib100 = 100 * 1024

describe('an upload', () => {
  it.each([
    ['empty', 0, 'put', 1],
    ['one byte', 1, 'put', 1],
    ['one below the threshold', mib - 1, 'put', 1],
    ['exactly the threshold', mib, 'multipart', 11],
    ['one above the threshold', mib + 1, 'multipart', 11],
    ['one below a part border', 20 * kib100 - 1, 'multipart', 20],
    ['exactly a part border', 20 * kib100, 'multipart', 20],
    ['one above a part border', 20 * kib100 + 1, 'multipart', 21],
  ])('of a file that is %s arrives whole', async (name, size, mode, partCount) => {
    const path = await world.makeSource('file.bin', size)
    const key = `sizes/${name.replaceAll(' ', '-')}`
    const { id } = await daemon.submit({
      source: { path },
      target: { bucket, key },
      multipartThreshold: mib,
      partSize: kib100,
    })
    const job = await daemon.settled(id)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', upload: { mode, partCount } })
    expect(job.receipt).toMatchObject({ size, proof: 'object' })
    expect(job.receipt?.serverCrc64).toBe(job.receipt?.crc64)
    expect(job.progress).toMatchObject({
      bytesTotal: size,
      bytesUploaded: size,
      bytesInFlight: 0,
      partsUploaded: partCount,
    })
    expect(await world.objectSha256(key)).toBe(await sha256Of(path))
    const parts = await daemon.parts(id)
    expect(parts.map(({ state }) => state)).toEqual(Array(partCount).fill('uploaded'))
    expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(size)
  })

  it('in 10,000 parts arrives whole', { timeout: 300_000 }, async () => {
    const path = join(world.sources, 'sparse.bin')
    await writeFile(path, 'a head, so that not every part is alike')
    await truncate(path, 10_000 * kib100)
    const { id } = await daemon.submit({
      source: { path },
      target: { bucket, key: 'many' },
      partSize: kib100,
      parallel: 16,
    })
    const job = await daemon.settled(id)
    expect(job).toMatchObject({ state: 'completed', upload: { partCount: 10_000, partSize: kib100 } })
    expect(job.receipt?.serverCrc64).toBe(job.receipt?.crc64)
    const parts = await daemon.parts(id)
    expect(parts.map(({ partNumber }) => partNumber)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1))
    expect(await world.objectSha256('many')).toBe(await sha256Of(path))
  })

  it('with as many parts in flight as a job may have says nothing on stderr', async () => {
    const path = await world.makeSource('wide.bin', 200 * kib100)
    const wide = await createWorld()
    try {
      const other = await wide.start({ LONGSHORE_SOURCE_ROOTS: world.sources, LONGSHORE_CONCURRENCY: '64' })
      const { id } = await other.submit({
        source: { path },
        target: { bucket, key: 'wide' },
        multipartThreshold: kib100,
        partSize: kib100,
        parallel: 64,
      })
      expect((await other.settled(id)).state).toBe('completed')
      other.kill('SIGTERM')
      expect((await other.exited).stderr).toBe('')
    } finally {
      await wide.end()
    }
  })

  it('that asks for sequential parts sends them in order', async () => {
    const path = await world.makeSource('file.bin', 12 * kib100)
    const { id } = await daemon.submit({
      source: { path },
      target: { bucket, key: 'sequential' },
      multipartThreshold: kib100,
      partSize: kib100,
      sequential: true,
    })
    expect((await daemon.settled(id)).state).toBe('completed')
    const sent = world.control
      .ledger()
      .entries.filter(({ operation, key }) => operation === 'UploadPart' && key === 'sequential')
    expect(sent.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(await world.objectSha256('sequential')).toBe(await sha256Of(path))
  })
})
