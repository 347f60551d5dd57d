import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { walkDirectory } from '../../../src/adapters/file/walk-directory.js'
import type { WalkRequest } from '../../../src/ports/directory-walker.js'

let directories: string[] = []
afterEach(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  directories = []
})

const openDescriptors = (): number => readdirSync('/proc/self/fd').length

const nobody = 65_534

/** Runs the work as a user who may not read everything, because root may. Any other user is such a user already. */
const asNobody = <T>(work: () => T): T => {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(nobody)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
  }
}

const setup = (...files: string[]) => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-walk-')))
  directories.push(home)
  const dir = join(home, 'in')
  mkdirSync(dir)
  const write = (name: string, text = name): void => {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  for (const name of files) write(name)
  const walk = (changes: Partial<WalkRequest> = {}, forbidden: readonly string[] = []) =>
    walkDirectory({ dir, include: [], exclude: [], followSymlinks: false, ...changes }, { allowed: [dir], forbidden })
  const look = (changes: Partial<WalkRequest> = {}, forbidden: readonly string[] = []) => {
    const items = [...walk(changes, forbidden)]
    return {
      files: items.flatMap((item) => (item.kind === 'file' ? [item.file.relative] : [])).sort(),
      problems: items.flatMap((item) => (item.kind === 'problem' ? [item.problem] : [])),
    }
  }
  return { home, dir, write, walk, look }
}

describe('walking a directory', () => {
  it('finds every regular file, hidden ones and those in deep places, with its fingerprint', () => {
    const { look, walk, dir } = setup('a', '.hidden', 'sub/b', 'sub/.deep/.er/c', 'sub/ü ñ\n"')
    expect(look()).toEqual({ files: ['.hidden', 'a', 'sub/.deep/.er/c', 'sub/b', 'sub/ü ñ\n"'], problems: [] })
    const [first] = [...walk({ include: ['sub/b'] })]
    expect(first).toMatchObject({ kind: 'file', file: { path: join(dir, 'sub/b'), fingerprint: { size: 5 } } })
  })

  it('passes over FIFOs, sockets and links', async () => {
    const { look, dir } = setup('a')
    execFileSync('mkfifo', [join(dir, 'fifo')])
    symlinkSync('a', join(dir, 'link'))
    symlinkSync('.', join(dir, 'loop'))
    const server = createServer().listen(join(dir, 'socket'))
    await new Promise((resolve) => server.once('listening', resolve))
    expect(look()).toEqual({ files: ['a'], problems: [] })
    server.close()
  })

  it('notes names that are not UTF-8, each by its bytes', () => {
    const { look, dir } = setup('a')
    for (const byte of [0xfe, 0xff]) {
      writeFileSync(Buffer.concat([Buffer.from(`${dir}/bad`), Buffer.from([byte])]), '')
    }
    const { files, problems } = look()
    expect(files).toEqual(['a'])
    expect(problems.map(({ path, code }) => [path, code]).sort()).toEqual([
      [`${dir}/bad\\xfe`, 'name_not_utf8'],
      [`${dir}/bad\\xff`, 'name_not_utf8'],
    ])
  })

  it('notes a directory that is not there, or lies outside the roots', () => {
    const { look, home } = setup()
    for (const dir of [join(home, 'gone'), home, '/etc']) {
      expect(look({ dir })).toMatchObject({ files: [], problems: [{ path: dir, code: 'directory_unreadable' }] })
      // There is one text outside the roots, whether the path exists or not.
      expect(look({ dir }).problems[0]?.message).toMatch('it lies outside the source roots')
    }
  })

  it('notes what may not be read, and goes on', () => {
    const { look, dir, home } = setup('a', 'secret', 'closed/b')
    chmodSync(home, 0o755)
    chmodSync(join(dir, 'secret'), 0)
    chmodSync(join(dir, 'closed'), 0)
    const { files, problems } = asNobody(look)
    chmodSync(join(dir, 'closed'), 0o700)
    expect(files).toEqual(['a'])
    expect(problems.map(({ code }) => code).sort()).toEqual(['directory_unreadable', 'source_unavailable'])
    for (const { message } of problems) expect(message).toMatch(/permission denied for uid [1-9]/)
  })

  it('looks into no directory that jobs may not read', () => {
    const { look, dir } = setup('a', 'data/longshore.db')
    expect(look({}, [join(dir, 'data')])).toEqual({ files: ['a'], problems: [] })
  })

  it('walks deep trees, and closes what it opened', () => {
    const { dir, walk } = setup()
    const name = 'd'.repeat(200)
    let place = dir
    for (let depth = 0; depth < 15; depth++) {
      place = join(place, name)
      mkdirSync(place)
    }
    writeFileSync(join(place, 'end'), '')
    const before = openDescriptors()
    const found = [...walk()].filter((item) => item.kind === 'file')
    expect(found).toHaveLength(1)
    expect(openDescriptors()).toBe(before)
  })

  it('closes everything when it is left early', () => {
    const { walk } = setup('a/b/c/d', 'a/b/c/e', 'f')
    const before = openDescriptors()
    const items = walk()
    items.next()
    items.return()
    expect(openDescriptors()).toBe(before)
  })
})

describe('include and exclude', () => {
  const files = ['a.mp4', 'b.txt', 'sub/c.mp4', 'sub/deep/d.mp4', 'tmp/e.mp4', '.hid/f.mp4', '(x)+y.mp4']

  it.each([
    [['**/*.mp4'], [], ['(x)+y.mp4', '.hid/f.mp4', 'a.mp4', 'sub/c.mp4', 'sub/deep/d.mp4', 'tmp/e.mp4']],
    [['./*.mp4'], [], ['(x)+y.mp4', 'a.mp4']],
    [['sub/**'], ['**/deep'], ['sub/c.mp4']],
    [[], ['**/*.mp4'], ['b.txt']],
    [['**/*.mp4'], ['tmp', '.hid/**', '(x)+y.mp4'], ['a.mp4', 'sub/c.mp4', 'sub/deep/d.mp4']],
    [['*.{txt,md}'], [], ['b.txt']],
    [['./?.mp4', './[!a]*.txt'], [], ['a.mp4', 'b.txt']],
    [['(a|b).*'], [], []],
  ])('%j without %j', (include, exclude, expected) => {
    expect(setup(...files).look({ include, exclude }).files).toEqual(expected)
  })
})

describe('following links', () => {
  it('takes files and directories behind links, by the name of the link', () => {
    const { look, dir } = setup('real/a', 'b')
    symlinkSync('real', join(dir, 'dir-link'))
    symlinkSync('b', join(dir, 'file-link'))
    expect(look({ followSymlinks: true })).toEqual({
      files: ['b', 'dir-link/a', 'file-link', 'real/a'],
      problems: [],
    })
  })

  it('never goes in a circle', () => {
    const { look, dir } = setup('a', 'sub/b')
    symlinkSync('.', join(dir, 'self'))
    symlinkSync('..', join(dir, 'sub/up'))
    symlinkSync('../sub', join(dir, 'sub/again'))
    expect(look({ followSymlinks: true })).toEqual({ files: ['a', 'sub/b'], problems: [] })
  })

  it('never leaves the roots, and notes links that would, or that lead nowhere', () => {
    const { look, dir, home } = setup('a')
    mkdirSync(join(home, 'outside'))
    writeFileSync(join(home, 'outside/secret'), '')
    symlinkSync('/etc/passwd', join(dir, 'passwd'))
    symlinkSync('../outside', join(dir, 'out'))
    symlinkSync('nowhere', join(dir, 'dangling'))
    symlinkSync('itself', join(dir, 'itself'))
    const { files, problems } = look({ followSymlinks: true })
    expect(files).toEqual(['a'])
    expect(problems.map(({ path }) => path.slice(dir.length + 1)).sort()).toEqual([
      'dangling',
      'itself',
      'out',
      'passwd',
    ])
    const texts = Object.fromEntries(problems.map(({ path, message }) => [path.slice(dir.length + 1), message]))
    expect(texts['dangling']).toMatch(`absent: there is no ${join(dir, 'nowhere')}`)
    expect(texts['itself']).toMatch('a loop of links')
    expect(texts['out']).toBe(texts['passwd'])
    expect(texts['out']).toMatch('it lies outside the source roots')
  })

  it('passes over devices and sockets behind links', async () => {
    const { look, dir } = setup('a')
    execFileSync('mkfifo', [join(dir, 'fifo')])
    symlinkSync('fifo', join(dir, 'link'))
    expect(look({ followSymlinks: true })).toEqual({ files: ['a'], problems: [] })
  })
})

describe('a race', () => {
  it('that puts a link in the place of a directory leads nowhere', () => {
    const { walk, dir, home } = setup('sub/a', 'sub/b')
    mkdirSync(join(home, 'outside'))
    for (const name of ['a', 'b', 'secret']) writeFileSync(join(home, 'outside', name), '')
    const items = walk()
    const first = items.next()
    expect(first.value).toMatchObject({ kind: 'file' })
    renameSync(join(dir, 'sub'), join(dir, 'moved'))
    symlinkSync('../outside', join(dir, 'sub'))
    const inside = [first, ...[...items].map((value) => ({ value }))].flatMap(({ value }) =>
      value?.kind === 'file' ? [value.file.fingerprint.size] : [],
    )
    // These are the files of the directory that it stood in, five bytes each. What lies outside is empty.
    expect(inside.every((size) => size === 5)).toBe(true)
    expect(inside.length).toBeGreaterThanOrEqual(2)
  })
})
