import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createFileSources } from '../../../src/adapters/file/file-source.js'
import { createLocate, type LocalLooks } from '../../../src/adapters/file/locate.js'
import { parseMounts } from '../../../src/adapters/file/mount-table.js'

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

const line = (point: string, type: string): string => `36 35 98:0 / ${point} rw - ${type} /dev/x rw\n`

const setup = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-locate-')))
  endings.push(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'in/sub'), { recursive: true })
  for (const name of ['a', 'b', 'c']) writeFileSync(join(root, 'in/sub', name), name)
  const clock = { now: 0 }
  const looked: string[] = []
  const looks: LocalLooks = {
    lstat: (path) => {
      looked.push(path)
      return lstatSync(path)
    },
    readlink: (path) => readlinkSync(path),
  }
  const mounts = parseMounts(line('/', 'ext4'))
  const locate = createLocate(looks, () => clock.now)
  const look = (path: string, table = mounts) => {
    looked.length = 0
    return { location: locate(path, table), looks: looked.length }
  }
  return { root, clock, mounts, look }
}

describe('finding where a path leads', () => {
  it('walks to a directory once for many files, and looks at each file', () => {
    const { root, look } = setup()
    const first = look(join(root, 'in/sub/a'))
    expect(first.looks).toBeGreaterThan(2)
    for (const name of ['b', 'c', 'a']) {
      const path = join(root, 'in/sub', name)
      expect(look(path)).toEqual({ location: { is: 'local', realPath: path }, looks: 1 })
    }
    expect(() => look(join(root, 'in/sub/none'))).toThrow('ENOENT')
  })

  it('walks again after some milliseconds, and after anything was mounted', () => {
    const { root, clock, look } = setup()
    const path = join(root, 'in/sub/a')
    const { looks } = look(path)
    clock.now += 20
    expect(look(path).looks).toBe(looks)
    const mounted = parseMounts(line('/', 'ext4') + line(join(root, 'in'), 'nfs4'))
    expect(look(path, mounted).location).toEqual({ is: 'elsewhere', mount: join(root, 'in') })
  })

  it('follows a link each time, wherever on the way it is', () => {
    const { root, look } = setup()
    mkdirSync(join(root, 'v2'))
    writeFileSync(join(root, 'v2/a'), 'new')
    symlinkSync('in/sub', join(root, 'current'))
    expect(look(join(root, 'current/a')).location).toMatchObject({ realPath: join(root, 'in/sub/a') })
    symlinkSync('v2', join(root, 'next'))
    renameSync(join(root, 'next'), join(root, 'current'))
    expect(look(join(root, 'current/a')).location).toMatchObject({ realPath: join(root, 'v2/a') })
    look(join(root, 'in/sub/b'))
    symlinkSync('../../v2/a', join(root, 'in/sub/link'))
    expect(look(join(root, 'in/sub/link')).location).toMatchObject({ realPath: join(root, 'v2/a') })
  })
})

describe('a directory that becomes a link right after it was looked at', () => {
  const open = async (replacement: (root: string) => string) => {
    const { root } = setup()
    const sources = createFileSources(
      { allowed: [join(root, 'in')], forbidden: [] },
      { quiet: () => null, hash: () => Promise.reject(new Error('nothing is hashed')) },
    )
    const path = join(root, 'in/sub/a')
    await (await sources.open(path)).close()
    renameSync(join(root, 'in/sub'), join(root, 'in/old'))
    symlinkSync(replacement(root), join(root, 'in/sub'))
    return sources.open(path)
  }

  it('opens nothing outside the roots', async () => {
    const outside = (root: string): string => {
      mkdirSync(join(root, 'secret'))
      writeFileSync(join(root, 'secret/a'), 'secret')
      return join(root, 'secret')
    }
    await expect(open(outside)).rejects.toMatchObject({ kind: 'permanent', code: 'source_unreadable' })
  })

  it('opens the file to which the path leads now', async () => {
    const inside = (root: string): string => {
      mkdirSync(join(root, 'in/new'))
      writeFileSync(join(root, 'in/new/a'), 'another length')
      return join(root, 'in/new')
    }
    const source = await open(inside)
    expect(source.opened.size).toBe('another length'.length)
    await source.close()
  })
})
