import { existsSync, lstatSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createCallsByPath } from '../../../src/adapters/file/file-calls.js'
import { fingerprintFrom } from '../../../src/adapters/file/fingerprint.js'
import { createSourceRemover } from '../../../src/adapters/file/source-remover.js'
import { mountHanging } from '../../e2e/hanging-mount.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const stalled = { kind: 'stalled' }

/** Makes a rename that takes effect when the test says so. */
const setup = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-removal-')))
  cleanups.push(() => rmSync(root, { recursive: true }))
  const path = join(root, 'a.bin')
  writeFileSync(path, 'the bytes')
  const real = createCallsByPath().forChanges(root)
  let renames = 0
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const calls = {
    ...real,
    async rename(from: string, to: string) {
      renames += 1
      await answered
      await real.rename(from, to)
    },
  }
  const remover = createSourceRemover(
    { allowed: [root], forbidden: [] },
    { forChanges: () => calls, patienceMs: () => 30 },
  )
  const fingerprint = fingerprintFrom(lstatSync(path, { bigint: true }))
  const request = { path, aside: remover.newName(), fingerprint }
  return { path, remover, request, renames: () => renames, answer: () => answer() }
}

describe('a removal whose file system hangs', () => {
  it('is begun once, however often it is asked for, and told when it has come true', async () => {
    const { path, remover, request, renames, answer } = setup()
    await expect(remover.remove(request)).rejects.toMatchObject(stalled)
    await expect(remover.remove(request)).rejects.toMatchObject(stalled)
    answer()
    await expect.poll(() => existsSync(path)).toBe(false)
    expect(await remover.remove(request)).toEqual({ state: 'removed', note: null })
    expect(renames()).toBe(1)
  })

  it('touches no file that was put at the path once it was done', async () => {
    const { path, remover, request, answer } = setup()
    await expect(remover.remove(request)).rejects.toMatchObject(stalled)
    answer()
    await expect.poll(() => existsSync(path)).toBe(false)
    writeFileSync(path, 'the next')
    expect((await remover.remove(request)).state).toBe('removed')
    expect((await remover.remove(request)).state).toBe('kept')
    expect(existsSync(path)).toBe(true)
  })

  it('goes on when it answers again', async (context) => {
    const mount = await mountHanging(context)
    cleanups.push(() => mount.end())
    const path = join(mount.path, 'a.bin')
    writeFileSync(join(mount.behind, 'a.bin'), 'the bytes')
    const fingerprint = fingerprintFrom(lstatSync(path, { bigint: true }))
    const callsFor = createCallsByPath({ gate: { most: 2, idleMs: 300 } })
    const remover = createSourceRemover({ allowed: [mount.path], forbidden: [] }, callsFor)
    const request = { path, aside: remover.newName(), fingerprint }
    mount.hang()
    await expect(remover.remove(request)).rejects.toMatchObject(stalled)
    mount.goOn()
    await expect.poll(() => remover.remove(request).catch(() => null)).toEqual({ state: 'removed', note: null })
    expect(existsSync(join(mount.behind, 'a.bin'))).toBe(false)
  })
})
