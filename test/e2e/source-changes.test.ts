import { randomBytes } from 'node:crypto'
import { appendFile, chmod, open, rename, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from './world.js'

let world: World
let daemon: DaemonProcess

beforeAll(async () => {
  world = await createWorld()
  daemon = await world.start({ LONGSHORE_CONCURRENCY: '64' })
})
afterAll(() => world.end())

const size = 8 * mib

const rewrite = async (path: string): Promise<void> => {
  const file = await open(path, 'r+')
  await file.write(randomBytes(size), 0, size, 0)
  await file.close()
}

const changes: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['is truncated', (path) => truncate(path, size / 2)],
  ['is appended to', (path) => appendFile(path, 'more')],
  ['is rewritten at the same size', rewrite],
  [
    'is rewritten with a forged mtime',
    async (path) => {
      await rewrite(path)
      await utimes(path, new Date(2020, 1, 1), new Date(2020, 1, 1))
    },
  ],
  [
    'is replaced by another file',
    async (path) => {
      await writeFile(`${path}.new`, randomBytes(size))
      await rename(`${path}.new`, path)
    },
  ],
]

const harmless: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['is removed', unlink],
  ['changes its mode', (path) => chmod(path, 0o600)],
  ['is moved away', (path) => rename(path, `${path}.moved`)],
]

/** Submits a file and changes it while its parts travel. */
const changeMidway = async (name: string, change: (path: string) => Promise<void>, mode: 'put' | 'multipart') => {
  const key = `${mode}-${name.replaceAll(' ', '-')}`
  const path = await world.makeSource(key, size)
  const sha256 = await sha256Of(path)
  // The upload is slow until the change is made, so that seconds of it are still to come then.
  world.control.setBandwidth(1_500_000)
  const { id } = await daemon.submit({
    source: { path },
    target: { bucket, key },
    multipartThreshold: mode === 'put' ? 2 * size : mib,
    partSize: mib,
    parallel: 2,
  })
  await until(async () => {
    const { progress } = await daemon.get(id)
    return progress.bytesUploaded + progress.bytesInFlight >= mib
  })
  await change(path)
  world.control.setBandwidth(null)
  return { job: await daemon.settled(id), key, sha256 }
}

describe.each(['put', 'multipart'] as const)('while it is uploaded by %s, a source that', (mode) => {
  it.each(changes)('%s fails the job, and no object is made', async (name, change) => {
    const { job, key } = await changeMidway(name, change, mode)
    expect(job).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
    expect(await world.objectSha256(key)).toBeNull()
    expect(world.control.uploads().filter((upload) => upload.key === key)).toEqual([])
  })

  it.each(harmless)('%s is uploaded as it was', async (name, change) => {
    const { job, key, sha256 } = await changeMidway(name, change, mode)
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    expect(await world.objectSha256(key)).toBe(sha256)
  })
})
