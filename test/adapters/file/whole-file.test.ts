import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fingerprintFrom } from '../../../src/adapters/file/fingerprint.js'
import { createWholeFileReader } from '../../../src/adapters/file/whole-file.js'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const text = 'the bytes of a small file'

/** `meanwhile` happens once the bytes have been read, before the second look. */
const setup = (meanwhile: (path: string) => void = () => {}) => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'whole-file-')))
  cleanups.push(() => rmSync(top, { recursive: true, force: true }))
  const root = join(top, 'root')
  mkdirSync(join(root, 'deep'), { recursive: true })
  mkdirSync(join(root, 'forbidden'))
  const path = join(root, 'deep', 'file')
  writeFileSync(path, text)
  const readThen = ((...args: Parameters<typeof readSync>) => {
    const count = readSync(...args)
    meanwhile(path)
    return count
  }) as typeof readSync
  const reader = createWholeFileReader({ allowed: [root], forbidden: [join(root, 'forbidden')] }, readThen)
  const buffer = Buffer.alloc(100)
  const expected = fingerprintFrom(statSync(path, { bigint: true }))
  const read = (at = path, within?: readonly string[], like = expected) => reader(at, like, within, buffer, 10)
  return { top, root, path, buffer, expected, read }
}

describe('a small file that is read whole', () => {
  it('is in the buffer where it was asked for', () => {
    const { read, buffer } = setup()
    expect(read()).toBeNull()
    expect(buffer.toString('utf8', 10, 10 + text.length)).toBe(text)
  })

  it.each<[string, (path: string) => void]>([
    ['is appended to', (path) => appendFileSync(path, 'more')],
    ['is rewritten', (path) => writeFileSync(path, text.toUpperCase())],
    ['is touched', (path) => utimesSync(path, 1, 1)],
    // Its ctime moves, so the other way looks at it.
    ['is removed', (path) => unlinkSync(path)],
    [
      'is replaced',
      (path) => {
        writeFileSync(`${path}.new`, text)
        renameSync(`${path}.new`, path)
      },
    ],
  ])('is refused when it %s while it is read', (_, change) => {
    expect(setup(change).read()).not.toBeNull()
  })

  it.each<[string, (path: string) => void]>([
    ['has other bytes', (path) => writeFileSync(path, text.toUpperCase())],
    ['is shorter', (path) => writeFileSync(path, '')],
    ['is gone', (path) => unlinkSync(path)],
    [
      'is a directory',
      (path) => {
        unlinkSync(path)
        mkdirSync(path)
      },
    ],
    [
      'is a pipe',
      (path) => {
        unlinkSync(path)
        execFileSync('mkfifo', [path])
      },
    ],
    [
      'is a link',
      (path) => {
        renameSync(path, `${path}.moved`)
        symlinkSync(`${path}.moved`, path)
      },
    ],
  ])('is refused when it %s by the time of its turn', (_, change) => {
    const { path, read } = setup()
    change(path)
    expect(read()).not.toBeNull()
  })

  it('is refused outside the roots, whichever link leads there', () => {
    const { top, root, path, read } = setup()
    const outside = join(top, 'outside')
    renameSync(path, outside)
    const like = fingerprintFrom(statSync(outside, { bigint: true }))
    expect(read(outside, undefined, like)).toBe('it lies outside the roots')
    symlinkSync(top, join(root, 'way-out'))
    expect(read(join(root, 'way-out', 'outside'), undefined, like)).toBe('it lies outside the roots')
    expect(read(join(root, 'deep', '..', '..', 'outside'), undefined, like)).toBe('it lies outside the roots')
  })

  it('is refused in a forbidden directory, and outside what the token may read', () => {
    const { root, path, read } = setup()
    expect(read(path, [join(root, 'deep')])).toBeNull()
    expect(read(path, [join(root, 'dee')])).toBe('it lies outside the roots')
    const hidden = join(root, 'forbidden', 'file')
    renameSync(path, hidden)
    expect(read(hidden, undefined, fingerprintFrom(statSync(hidden, { bigint: true })))).toBe(
      'it lies outside the roots',
    )
  })

  it('is left to another way on a file system that may hang', () => {
    expect(setup().read('/proc/self/status')).toBe('it may lie on a file system that hangs')
  })
})
