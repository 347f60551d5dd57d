import { utimesSync } from 'node:fs'
import { rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, it, type TestContext } from 'vitest'
import { type HangingMount, mountHanging } from './hanging-mount.js'
import { bucket, createWorld, sha256Of, type World } from './world.js'

let mount: HangingMount | null = null
let world: World | null = null

afterEach(async () => {
  await mount?.end()
  await world?.end()
  mount = null
  world = null
})

/** Starts a daemon whose sources lie on a file system of another process, whose clock it does not know. */
const setup = async (context: TestContext) => {
  const here = await mountHanging(context)
  mount = here
  const there = await createWorld()
  world = there
  const daemon = await there.start({ LONGSHORE_SOURCE_ROOTS: here.path })
  return { here, there, daemon, path: join(here.path, 'a.bin'), behind: join(here.behind, 'a.bin') }
}

it('a file that never stands still is not begun, though its modification time does not move', async (context) => {
  const { there, daemon, path, behind } = await setup(context)
  const writtenAt = new Date(1_750_000_000_000)
  const write = async (fill: number): Promise<void> => {
    await writeFile(behind, Buffer.alloc(1_000, fill & 0xff))
    utimesSync(behind, writtenAt, writtenAt)
  }
  await write(1)
  const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'a' } })
  // A daemon that went by its own clock would send the file between two changes.
  let changedAt = performance.now()
  for (let fill = 2; (await daemon.get(id)).finishedAt === null; ) {
    if (performance.now() - changedAt < 400) continue
    await write(fill++)
    changedAt = performance.now()
  }
  expect(await daemon.get(id)).toMatchObject({ state: 'failed', error: { code: 'source_changed' } })
  await daemon.request('POST', `/v1/jobs/${id}/retry`)
  expect((await daemon.settled(id)).state).toBe('completed')
  expect(await there.objectSha256('a')).toBe(await sha256Of(behind))
})

it('a source is deleted once it is uploaded, and a new file in its place stays', async (context) => {
  const { there, daemon, path, behind } = await setup(context)
  await writeFile(behind, Buffer.alloc(1_000, 1))
  const request = { source: { path }, target: { bucket, key: 'a' }, deleteSource: true }
  const first = await daemon.submit(request)
  expect(await daemon.settled(first.id)).toMatchObject({ state: 'completed', sourceRemoval: { state: 'removed' } })
  await expect(stat(behind)).rejects.toMatchObject({ code: 'ENOENT' })
  await writeFile(behind, Buffer.alloc(1_000, 2))
  const second = await daemon.submit(request)
  await writeFile(`${behind}.new`, Buffer.alloc(1_000, 3))
  await rename(`${behind}.new`, behind)
  expect((await daemon.settled(second.id)).state).toBe('failed')
  expect((await stat(behind)).size).toBe(1_000)
  expect(await there.objectSha256('a')).not.toBe(await sha256Of(behind))
})
