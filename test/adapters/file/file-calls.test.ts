import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  callsPerMount,
  createCallsByPath,
  type FileCalls,
  patientCalls,
} from '../../../src/adapters/file/file-calls.js'
import { createMountTable, parseMounts } from '../../../src/adapters/file/mount-table.js'

const line = (point: string, type: string): string => `36 35 98:0 / ${point} rw,noatime master:1 - ${type} /dev/x rw\n`
const rootLine = line('/', 'ext4')

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/**
 * Makes directories on a real disk, and a mount table that says otherwise. Calls that reach the patient calls are
 * recorded.
 */
const setup = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-calls-')))
  endings.push(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['in', 'nfs', 'in/sub']) mkdirSync(join(root, name))
  for (const name of ['in/a', 'in/sub/b', 'nfs/c']) writeFileSync(join(root, name), name)
  const table = { text: rootLine }
  const patient: string[] = []
  const seen: FileCalls = {
    ...patientCalls,
    realpath: (path) => {
      patient.push(path)
      return patientCalls.realpath(path)
    },
    lstat: (path) => {
      patient.push(path)
      return patientCalls.lstat(path)
    },
  }
  const callsFor = createCallsByPath({ mounts: () => parseMounts(table.text), patient: seen })
  const resolve = async (path: string) => {
    const calls = await callsFor(path)
    return { calls, realPath: await calls.realpath(path) }
  }
  return { root, table, patient, resolve }
}

describe('the table of mounts', () => {
  it('tells local file systems from others, wherever spaces stand', () => {
    const mounts = parseMounts(`${rootLine}${line('/a\\040b', 'nfs4')}${line('/c', 'fuse.sshfs')}${line('/d', 'xfs')}`)
    expect([...mounts]).toEqual([
      ['/', true],
      ['/a b', false],
      ['/c', false],
      ['/d', true],
    ])
  })

  it('calls a place local only when all that lies upon each other there is', () => {
    expect(parseMounts(line('/a', 'nfs') + line('/a', 'ext4')).get('/a')).toBe(false)
    expect(parseMounts(line('/a', 'ext4') + line('/a', 'autofs')).get('/a')).toBe(false)
  })

  it('is read again when it is older than a few milliseconds', () => {
    let [text, now] = [rootLine, 0]
    const mounts = createMountTable(
      () => text,
      () => now,
    )
    expect(mounts().has('/srv')).toBe(false)
    text += line('/srv', 'nfs')
    now += 50
    expect(mounts().get('/srv')).toBe(false)
  })
})

describe('calls to the file system', () => {
  it('are made at once where the way is local', async () => {
    const { root, resolve, patient } = setup()
    symlinkSync('../in/sub', join(root, 'nfs/link'))
    for (const [path, real] of [
      ['in/a', 'in/a'],
      ['in/sub/../a', 'in/a'],
      ['nfs/link/b', 'in/sub/b'],
    ] as const) {
      expect((await resolve(join(root, path))).realPath).toBe(join(root, real))
    }
    expect(patient).toEqual([])
  })

  it.each([
    ['an absolute link', (root: string) => symlinkSync(join(root, 'nfs/c'), join(root, 'in/link')), 'in/link'],
    ['a relative link', (root: string) => symlinkSync('../nfs', join(root, 'in/link')), 'in/link/c'],
    [
      'links in a row',
      (root: string) => {
        symlinkSync('../nfs', join(root, 'in/far'))
        symlinkSync('../far/c', join(root, 'in/sub/near'))
      },
      'in/sub/near',
    ],
  ])('are patient where %s leads into another mount', async (_name, link, path) => {
    const { root, table, resolve, patient } = setup()
    table.text += line(join(root, 'nfs'), 'nfs4')
    link(root)
    await resolve(join(root, path))
    expect(patient).toEqual([join(root, path)])
  })

  it('are patient once something was mounted over a directory that was local before', async () => {
    const { root, table, resolve, patient } = setup()
    const { calls } = await resolve(join(root, 'in/a'))
    table.text += line(join(root, 'in'), 'fuse.bindfs')
    await calls.lstat(join(root, 'in/a'))
    await resolve(join(root, 'in/a'))
    expect(patient).toEqual([join(root, 'in/a'), join(root, 'in/a')])
  })

  it('fail as the system calls do', async () => {
    const { root, resolve } = setup()
    symlinkSync('loop', join(root, 'in/loop'))
    await expect(resolve(join(root, 'in/none'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(resolve(join(root, 'in/a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(resolve(join(root, 'in/a/'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(resolve(join(root, 'in/loop'))).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('are patient where there is no table', async () => {
    const { root, table, resolve, patient } = setup()
    table.text = ''
    await resolve(join(root, 'in/a'))
    expect(patient).toEqual([join(root, 'in/a')])
  })

  it('take a quarter of the threads for one mount, and at least one', () => {
    expect([undefined, 4, 16, 64, Number.NaN].map((threads) => callsPerMount(threads))).toEqual([1, 1, 4, 4, 1])
  })
})
