import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fingerprintFrom } from '../../../src/adapters/file/fingerprint.js'
import { createSourceRemover } from '../../../src/adapters/file/source-remover.js'
import { isAsideName } from '../../../src/core/removal.js'

let directory: string | null = null
afterEach(async () => {
  if (directory !== null) await rm(directory, { recursive: true })
  directory = null
})

const setup = async () => {
  directory = realpathSync(await mkdtemp(join(tmpdir(), 'longshore-remove-')))
  const root = join(directory, 'in')
  mkdirSync(root)
  const path = join(root, 'a.bin')
  writeFileSync(path, 'the bytes')
  const fingerprint = fingerprintFrom(lstatSync(path, { bigint: true }))
  const remover = createSourceRemover({ allowed: [root], forbidden: [join(root, 'data')] }, undefined, 'node-b')
  const aside = remover.newName()
  return { root, path, remover, aside, request: { path, aside, fingerprint }, there: () => readdirSync(root).sort() }
}

const replaced = { state: 'kept', note: 'The source is no longer the file that was uploaded' }

describe('a source that is to be removed', () => {
  it('goes, when it is the very file, and its name cannot be guessed', async () => {
    const { remover, request, aside, there } = await setup()
    expect(isAsideName(aside)).toBe(true)
    expect(remover.newName()).not.toBe(aside)
    expect(await remover.remove(request)).toEqual({ state: 'removed', note: null })
    expect(there()).toEqual([])
  })

  it('that is gone already counts as removed', async () => {
    const { remover, request, root } = await setup()
    await remover.remove(request)
    expect(await remover.remove(request)).toEqual({ state: 'removed', note: 'The source was already gone' })
    await rm(root, { recursive: true })
    expect((await remover.remove(request)).state).toBe('removed')
    mkdirSync(root)
  })

  it('stays when another file stands at its path, though it has the same bytes', async () => {
    const { remover, request, path, there } = await setup()
    renameSync(path, `${path}.old`)
    writeFileSync(path, 'the bytes')
    expect(await remover.remove(request)).toEqual(replaced)
    expect(there()).toEqual(['a.bin', 'a.bin.old'])
  })

  describe.each([
    ['this node', 'node-b', 'kept'],
    ['a daemon that named no node', null, 'kept'],
    ['another node, which numbers the devices in its own way', 'node-a', 'removed'],
  ])('whose fingerprint was taken by %s', (_whom, node, state) => {
    it(`is ${state} when it lies on a device of another number`, async () => {
      const { remover, request, there } = await setup()
      const fingerprint = { ...request.fingerprint, node, dev: '99999' }
      expect((await remover.remove({ ...request, fingerprint })).state).toBe(state)
      expect(there()).toEqual(state === 'removed' ? [] : ['a.bin'])
    })

    it('stays when another file stands at its path', async () => {
      const { remover, request, path, there } = await setup()
      renameSync(path, `${path}.old`)
      writeFileSync(path, 'the bytes')
      const fingerprint = { ...request.fingerprint, node, dev: '99999' }
      expect(await remover.remove({ ...request, fingerprint })).toEqual(replaced)
      expect(there()).toEqual(['a.bin', 'a.bin.old'])
    })
  })

  it('goes when this node finishes what another one began', async () => {
    const { remover, request, path, root, there } = await setup()
    renameSync(path, join(root, request.aside))
    const fingerprint = { ...request.fingerprint, node: 'node-a', dev: '99999' }
    expect(await remover.remove({ ...request, fingerprint })).toEqual({ state: 'removed', note: null })
    expect(there()).toEqual([])
  })

  it('stays when it was touched, however little', async () => {
    const { remover, request, path, there } = await setup()
    // This moves nothing but ctime.
    linkSync(path, `${path}.link`)
    expect(await remover.remove(request)).toEqual(replaced)
    expect(there()).toEqual(['a.bin', 'a.bin.link'])
  })

  it('is not removed through a symbolic link', async () => {
    const { remover, request, path, there } = await setup()
    renameSync(path, `${path}.real`)
    symlinkSync('a.bin.real', path)
    expect(await remover.remove(request)).toMatchObject({ state: 'kept', note: expect.stringContaining('symbolic') })
    expect(there()).toEqual(['a.bin', 'a.bin.real'])
  })

  it('stays when its directory leads out of the roots by now, or lies in the forbidden part of them', async () => {
    const { remover, request, root, path } = await setup()
    const outside = join(root, '..', 'outside')
    mkdirSync(outside)
    renameSync(path, join(outside, 'a.bin'))
    symlinkSync(outside, join(root, 'dir'))
    mkdirSync(join(root, 'data'))
    const led = await remover.remove({ ...request, path: join(root, 'dir', 'a.bin') })
    expect(led).toEqual({ state: 'kept', note: 'The source lies outside the source roots' })
    const forbidden = await remover.remove({ ...request, path: join(root, 'data', 'a.bin') })
    expect(forbidden.state).toBe('kept')
    expect((await remover.remove({ ...request, within: [join(root, 'other')] })).state).toBe('kept')
    expect(readFileSync(join(outside, 'a.bin'), 'utf8')).toBe('the bytes')
  })

  it('that a crash left aside is removed when it is the very file', async () => {
    const { remover, request, path, root, aside, there } = await setup()
    renameSync(path, join(root, aside))
    expect(await remover.remove(request)).toEqual({ state: 'removed', note: null })
    expect(there()).toEqual([])
  })

  it('that a crash left aside is put back when it was written to since', async () => {
    const { remover, request, path, root, aside, there } = await setup()
    renameSync(path, join(root, aside))
    writeFileSync(join(root, aside), 'more than the bytes')
    expect(await remover.remove(request)).toEqual(replaced)
    expect(there()).toEqual(['a.bin'])
    expect(readFileSync(path, 'utf8')).toBe('more than the bytes')
  })

  it('is never put back over a new file', async () => {
    const { remover, request, path, root, aside, there } = await setup()
    renameSync(path, join(root, aside))
    writeFileSync(join(root, aside), 'more than the bytes')
    writeFileSync(path, 'new')
    const note = await remover.remove(request)
    expect(note).toMatchObject({ state: 'kept', note: expect.stringContaining(aside) })
    expect(there()).toEqual([aside, 'a.bin'])
    expect(readFileSync(path, 'utf8')).toBe('new')
  })
})
