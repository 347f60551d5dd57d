import { describe, expect, it } from 'vitest'
import { createCallsByPlace, patientCalls, promptCalls } from '../../../src/adapters/file/file-calls.js'

const nfs = 0x6969
const ext4 = 0xef53
/** As statfs gives it where its field is signed. */
const btrfs = 0x9123683e | 0

describe('calls to the file system', () => {
  it.each([
    ['ext4', ext4, promptCalls],
    ['Btrfs', btrfs, promptCalls],
    ['NFS', nfs, patientCalls],
    ['something unknown', 1, patientCalls],
  ])('are chosen by where the directory lies: %s', async (_name, type, calls) => {
    expect(await createCallsByPlace(async () => ({ type }))('/srv/in/a')).toBe(calls)
  })

  it('ask once for each directory', async () => {
    const asked: string[] = []
    const callsFor = createCallsByPlace(async (directory) => {
      asked.push(directory)
      return { type: ext4 }
    })
    for (const path of ['/srv/in/a', '/srv/in/b', '/srv/in/sub/c', '/srv/in/a']) await callsFor(path)
    expect(asked).toEqual(['/srv/in', '/srv/in/sub'])
  })

  it('are patient while the directory cannot be asked, and ask again', async () => {
    let there = false
    const callsFor = createCallsByPlace(async () => {
      if (!there) throw new Error('ENOENT')
      return { type: ext4 }
    })
    expect(await callsFor('/srv/in/a')).toBe(patientCalls)
    there = true
    expect(await callsFor('/srv/in/a')).toBe(promptCalls)
  })
})
