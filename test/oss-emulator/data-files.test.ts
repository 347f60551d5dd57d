import { readdir, readFile } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import { openDataFiles } from '../../src/oss-emulator/data-files.js'
import { makeDirectory } from './support.js'

const setup = async () => {
  const directory = await makeDirectory()
  const files = openDataFiles(directory)
  onTestFinished(() => files.close())
  const pack = (text: string) => files.pack([Buffer.from(text)], text.length)
  return { directory, files, pack }
}

it('small bodies share a file, each at a place of its own', async () => {
  const { directory, files, pack } = await setup()
  const segments = ['one', '', '', 'four'].map(pack)
  expect(await readdir(directory)).toHaveLength(1)
  expect(new Set(segments.map(({ offset }) => offset)).size).toBe(4)
  const bytes = await readFile(files.path(segments[0]?.file ?? ''))
  expect(segments.map(({ offset, size }) => bytes.toString('utf8', offset, offset + size))).toEqual([
    'one',
    '',
    '',
    'four',
  ])
})

it('a pack goes with its last segment, once it is full or closed', async () => {
  const { directory, files, pack } = await setup()
  const [first, second] = [pack('one'), pack('two')]
  files.release([first])
  files.close()
  expect(await readdir(directory)).toEqual([first.file])
  files.release([second])
  expect(await readdir(directory)).toEqual([])
})

it('an emptied pack is still written to, and a full one is not', async () => {
  const { directory, files, pack } = await setup()
  files.release([pack('one')])
  const second = pack('two')
  const big = Buffer.alloc(1024 * 1024)
  const fill = Array.from({ length: 64 }, () => files.pack([big], big.length))
  const names = new Set([second, ...fill].map(({ file }) => file))
  expect(names.size).toBe(2)
  expect(new Set(await readdir(directory))).toEqual(names)
  files.release([second, ...fill.slice(0, -1)])
  expect(await readdir(directory)).toEqual([fill.at(-1)?.file])
})

it('a file that is held stays until it is let go', async () => {
  const { directory, files, pack } = await setup()
  const segment = pack('one')
  files.close()
  files.hold([segment])
  files.release([segment])
  expect(await readdir(directory)).toHaveLength(1)
  files.release([segment])
  expect(await readdir(directory)).toEqual([])
})
