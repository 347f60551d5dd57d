import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileSources } from '../../src/adapters/file/file-source.js'
import { anybody } from '../../src/core/caller.js'
import { startEmulator } from '../../src/oss-emulator/emulator.js'
import { patternBytes } from '../adapters/oss/source-file.js'
import { readerHere } from '../adapters/oss/source-reader.js'
import { keys, targetFor } from '../adapters/oss/target-setup.js'
import { createEngineRig } from './in-process/engine-rig.js'
import { startFaultProxy } from './in-process/fault-proxy.js'
import { bucket, createWorld, sha256Of, type World } from './world.js'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.end())

const operationsOn = (key: string): readonly string[] =>
  world.control
    .ledger()
    .entries.filter((entry) => entry.key === key)
    .map(({ operation }) => operation)

describe('a put', () => {
  it.concurrent.each([
    ['whose answer is held after the effect', { kind: 'stall', at: 'before-answer' }],
    ['whose answer is held half-way', { kind: 'stall', at: 'mid-answer' }],
    ['whose connection breaks after the effect', { kind: 'lost-answer' }],
  ] as const)('%s is looked at, and sent once', { timeout: 180_000 }, async (name, fault) => {
    const path = await world.makeSource(`${name.replaceAll(' ', '-')}.bin`, 50_000)
    const daemon = await world.start({ LONGSHORE_DATA_DIR: `${world.dataDir}-${name.replaceAll(' ', '-')}` })
    world.control.addFaults([{ operation: 'PutObject', bucket, key: name, fault }])
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: name } })
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
    expect(await world.objectSha256(name)).toBe(await sha256Of(path))
    expect(operationsOn(name).filter((operation) => operation !== 'GetObject')).toEqual(['PutObject', 'HeadObject'])
  })
})

describe('a hop that takes a body whole and passes it on slowly', () => {
  it('makes no endless repeats', { timeout: 60_000 }, async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'longshore-hop-')))
    const bytes = patternBytes(200 * 1024)
    const path = join(root, 'small.bin')
    await writeFile(path, bytes)
    const credentials = { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret }
    const emulator = await startEmulator({ directory: join(root, 'oss'), buckets: [bucket], credentials })
    const hop = await startFaultProxy(emulator.port)
    const timeouts = { answerMs: 300, idleMs: 5_000, dataMs: 5_000, floorBytesPerSecond: 16 * 1024 * 1024 }
    const { target } = targetFor(hop.url, { timeouts })
    const sources = createFileSources({ allowed: [root], forbidden: [] }, readerHere())
    const rig = createEngineRig({ target, sources, endpoint: hop.url.origin, partSize: 256 * 1024 })
    let puts = 0
    const delivered: Promise<unknown>[] = []
    const swallow = (): void =>
      hop.arm('PutObject', async ({ receiveAll, forward }) => {
        puts++
        swallow()
        const body = await receiveAll()
        // The hop delivers what it has taken, whether or not a client waits for the answer.
        delivered.push(sleep(700).then(() => forward(body)))
      })
    swallow()
    try {
      rig.start()
      const { job } = await rig.jobs.submit({ source: { path }, target: { bucket, key: 'slow' } }, null, anybody)
      expect(await rig.settled(job.id)).toMatchObject({ state: 'completed', outcome: 'uploaded' })
      expect(puts).toBeLessThanOrEqual(4)
    } finally {
      await rig.stop()
      await Promise.all(delivered)
      await target.close()
      await hop.close()
      await emulator.close()
      await rm(root, { recursive: true })
    }
  })
})
