import { fstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createFileSources } from '../../../src/adapters/file/file-source.js'
import { readerHere } from '../oss/source-reader.js'

let root: string

afterEach(() => rmSync(root, { recursive: true }))

const setup = async (quiet: Promise<void> | null) => {
  root = mkdtempSync(join(tmpdir(), 'longshore-close-'))
  const path = join(root, 'file')
  writeFileSync(path, 'bytes')
  const roots = { allowed: [root], forbidden: [] }
  const source = await createFileSources(roots, { ...readerHere(), quiet: () => quiet }).open(path)
  const { fd, inode } = source.range(0, 5)
  /** Returns whether the number still names that file. */
  const isOpen = (): boolean => {
    try {
      return fstatSync(fd, { bigint: true }).ino.toString() === inode
    } catch {
      return false
    }
  }
  return { source, isOpen }
}

it('a source is closed at once when nothing reads from it', async () => {
  const { source, isOpen } = await setup(null)
  expect(isOpen()).toBe(true)
  await source.close()
  expect(isOpen()).toBe(false)
})

it('a source from which a read hangs keeps its descriptor until that is answered, and nobody waits for it', async () => {
  let answer = (): void => {}
  const quiet = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { source, isOpen } = await setup(quiet)
  await source.close()
  expect(isOpen()).toBe(true)
  answer()
  await quiet
  await expect.poll(isOpen).toBe(false)
})
