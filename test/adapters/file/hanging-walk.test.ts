import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createDirectoryWalker } from '../../../src/adapters/file/directory-walker.js'
import { createCallsByPath } from '../../../src/adapters/file/file-calls.js'
import { type HangingMount, mountHanging } from '../../e2e/hanging-mount.js'
import { compiledThread } from '../../house/compiled-thread.js'

let mount: HangingMount | null = null
afterEach(async () => {
  await mount?.end()
  mount = null
})

it('a walk whose file system hangs is given up, begun no second time, and possible again when it answers', async (context) => {
  const here = await mountHanging(context)
  mount = here
  writeFileSync(join(here.behind, 'a.bin'), 'the bytes')
  const thread = compiledThread('adapters/file/walk-thread.js', ['src/adapters/file', 'src/core'])
  const roots = { allowed: [here.path], forbidden: [] }
  const walker = createDirectoryWalker(roots, thread, createCallsByPath(), 500)
  const walk = async (): Promise<readonly string[]> => {
    const found: string[] = []
    const request = { dir: here.path, include: [], exclude: [], followSymlinks: false }
    for await (const { files } of walker.walk(request, new AbortController().signal)) {
      found.push(...files.map(({ relative }) => relative))
    }
    return found
  }
  expect(await walk()).toEqual(['a.bin'])
  await expect.poll(walker.isHeldUp).toBe(false)

  here.hang()
  await expect(walk()).rejects.toMatchObject({ kind: 'stalled' })
  expect(walker.isHeldUp()).toBe(true)
  await expect(walk()).rejects.toMatchObject({ kind: 'stalled' })

  here.goOn()
  await expect.poll(walker.isHeldUp, { timeout: 10_000 }).toBe(false)
  expect(await walk()).toEqual(['a.bin'])
})
