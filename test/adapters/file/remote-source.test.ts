import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createCallsByPath, type FileCalls, patientCalls } from '../../../src/adapters/file/file-calls.js'
import { createFileSources } from '../../../src/adapters/file/file-source.js'
import { createFirstLooks } from '../../../src/adapters/file/fingerprint.js'
import { parseMounts } from '../../../src/adapters/file/mount-table.js'
import { readerHere } from '../oss/source-reader.js'

const line = (point: string, type: string): string => `36 35 98:0 / ${point} rw - ${type} /dev/x rw\n`

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** Makes a file on a real disk, and a mount table that says of what type its file system is. */
const setup = (type: string | null) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-remote-')))
  endings.push(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'in'))
  const path = join(root, 'in/a')
  writeFileSync(path, 'abc')
  const mounts = type === null ? parseMounts('') : parseMounts(line('/', 'ext4') + line(join(root, 'in'), type))
  const opens: string[] = []
  const patient: FileCalls = {
    ...patientCalls,
    open: (name, flags) => {
      opens.push(name)
      return patientCalls.open(name, flags)
    },
  }
  const time = { ms: 0 }
  const firstLooks = createFirstLooks(() => time.ms, 3)
  const callsFor = createCallsByPath({ mounts: () => mounts, patient })
  const sources = createFileSources({ allowed: [root], forbidden: [] }, readerHere(), callsFor, null, firstLooks)
  return { path, time, opens, open: () => sources.open(path), firstLooks }
}

describe.each(['nfs', 'nfs4', 'cifs', 'smb3', 'ceph', 'fuse.ossfs', 'lustre', '9p', 'virtiofs', 'gpfs'])(
  'a file on %s',
  (type) => {
    it('stands still since this process saw it first, whatever its times say', async () => {
      const { path, time, open } = setup(type)
      // By this machine's clock it is an hour old.
      const old = new Date(Date.now() - 3_600_000)
      utimesSync(path, old, old)
      const first = await open()
      expect(first.stoodMs(first.opened)).toBe(0)
      await first.close()
      time.ms = 1_500
      const second = await open()
      expect(second.stoodMs(second.opened)).toBe(1_500)
      writeFileSync(path, 'abcd')
      expect(second.stoodMs(await second.fingerprint())).toBe(0)
      await second.close()
    })
  },
)

describe('a look at an open file', () => {
  it('over the network asks the server by an open, and goes on when the path leads nowhere', async () => {
    const { path, opens, open } = setup('nfs4')
    const source = await open()
    expect(opens).toEqual([path])
    expect(await source.fingerprint()).toEqual(source.opened)
    expect(opens).toEqual([path, path])
    renameSync(path, `${path}.gone`)
    expect((await source.fingerprint()).size).toBe(3)
    await source.close()
  })

  it.each([['ext4'], [null]])('on a system of %s is a look, and the times are of this machine', async (type) => {
    const { opens, open } = setup(type)
    const source = await open()
    const before = opens.length
    expect(source.stoodMs(await source.fingerprint())).toBeNull()
    expect(opens.length).toBe(before)
    await source.close()
  })
})

describe('first looks', () => {
  it('are forgotten from the oldest on, so that their memory stays small', () => {
    const { firstLooks, time } = setup('nfs')
    const file = (ino: string) => ({ node: null, dev: '1', ino, size: 1, mtimeNs: '1', ctimeNs: '1' })
    for (const ino of ['1', '2', '3', '4']) expect(firstLooks(file(ino))).toBe(0)
    time.ms = 10
    expect(['4', '3', '2', '1'].map((ino) => firstLooks(file(ino)))).toEqual([10, 10, 10, 0])
  })
})
