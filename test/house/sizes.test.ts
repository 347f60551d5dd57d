import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { functionsBelow, functionsOf, linesOf, sourcesBelow } from './measure.js'

const mostOwnLines = 80
const mostFileLines = 400
const mostFilesOfRoom = 16
const mostFilesBesideRooms = 8

/** Written by a program, for programs. */
const generated = ['src/cli/client/openapi-types.ts']

/** Areas that are divided into rooms. Core is flat on purpose, and so is what stands beside the house. */
const areas = ['src/engine', 'src/http', 'src/cli', 'src/adapters/sqlite', 'src/adapters/oss']

/** What stands directly below src: the program's first file, what starts it, the floors and what is beside them. */
const roof = [
  'adapters',
  'cli',
  'config',
  'core',
  'daemon',
  'dashboard',
  'doctor',
  'engine',
  'http',
  'launch.cts',
  'main.ts',
  'oss-emulator',
  'ports',
]

interface FileSize {
  readonly path: string
  readonly lines: number
}

const filesBelow = (root: string): readonly FileSize[] =>
  sourcesBelow(root).map((name) => {
    const path = join(root, name)
    return { path, lines: linesOf(readFileSync(path, 'utf8')) }
  })

const tooLong = (files: readonly FileSize[]): readonly string[] =>
  files.filter(({ path, lines }) => lines > mostFileLines && !generated.includes(path)).map(({ path }) => path)

const tooLongFunctions = (functions: ReturnType<typeof functionsOf>): readonly string[] =>
  functions
    .filter(({ ownLines }) => ownLines > mostOwnLines)
    .map(({ file, line, name, ownLines }) => `${file}:${line} ${name}: ${ownLines} lines`)

/** Returns the folders of an area that hold too many of these files. */
const tooFull = (area: string, paths: readonly string[]): readonly string[] => {
  const rooms = new Map<string, number>()
  for (const path of paths.filter((one) => one.startsWith(`${area}/`))) {
    rooms.set(dirname(path), (rooms.get(dirname(path)) ?? 0) + 1)
  }
  return [...rooms]
    .filter(([room, files]) => files > (room === area ? mostFilesBesideRooms : mostFilesOfRoom))
    .map(([room, files]) => `${room}: ${files} files`)
}

const medianOf = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

describe('the house', () => {
  it('has no function over 80 lines of its own', () => {
    expect(tooLongFunctions(functionsBelow('src'))).toEqual([])
  })

  it('has no file over 400 lines, but for the one that is generated', () => {
    const files = [...filesBelow('src'), ...filesBelow('test')]
    expect(tooLong(files)).toEqual([])
    const paths = files.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(generated))
  })

  it('has files that are read in one go: half of them have at most 80 lines', () => {
    const lines = filesBelow('src').map((file) => file.lines)
    expect(medianOf(lines)).toBeLessThanOrEqual(80)
    expect(medianOf(lines)).toBeGreaterThan(40)
  })

  it.each(areas)('has no room of %s with more than 16 files, nor more than 8 beside its rooms', (area) => {
    const paths = filesBelow('src').map(({ path }) => path)
    expect(paths.filter((path) => path.startsWith(`${area}/`)).length).toBeGreaterThan(mostFilesBesideRooms)
    expect(tooFull(area, paths)).toEqual([])
  })

  it('has a roof of one file, the launcher beside it, and rooms', () => {
    expect(readdirSync('src').sort()).toEqual(roof)
  })
})

describe('the measure', () => {
  const lines = (count: number): string => 'touch()\n'.repeat(count)

  it('finds a function of 81 lines, and lets one of 80 pass', () => {
    expect(tooLongFunctions(functionsOf('planted.ts', `const long = () => {\n${lines(79)}}\n`))).toEqual([
      'planted.ts:1 long: 81 lines',
    ])
    expect(tooLongFunctions(functionsOf('planted.ts', `function fine() {\n${lines(78)}}\n`))).toEqual([])
  })

  it('leaves out the bodies of functions inside, and measures those by themselves', () => {
    const inner = `const inner = () => {\n${lines(79)}}\n`
    const found = tooLongFunctions(functionsOf('planted.ts', `const outer = () => {\n${lines(30)}${inner}}\n`))
    expect(found).toEqual(['planted.ts:32 inner: 81 lines'])
    const twice = `const outer = () => {\n${lines(40)}${inner.replace('inner', 'a')}${lines(40)}}\n`
    expect(tooLongFunctions(functionsOf('planted.ts', twice))).toEqual([
      'planted.ts:42 a: 81 lines',
      'planted.ts:1 outer: 83 lines',
    ])
  })

  it('finds a file of 401 lines, and knows the generated one by its whole name', () => {
    expect(tooLong([{ path: 'src/a.ts', lines: 401 }])).toEqual(['src/a.ts'])
    expect(tooLong([{ path: 'src/a.ts', lines: 400 }])).toEqual([])
    expect(tooLong([{ path: join('src/engine', basename(generated[0] ?? '')), lines: 401 }])).toHaveLength(1)
  })

  it('finds a room of 17 files and 9 files beside rooms', () => {
    const files = (room: string, count: number) => Array.from({ length: count }, (_, at) => `${room}/file${at}.ts`)
    expect(tooFull('src/engine', files('src/engine/upload', 17))).toEqual(['src/engine/upload: 17 files'])
    expect(tooFull('src/engine', files('src/engine', 9))).toEqual(['src/engine: 9 files'])
    expect(tooFull('src/engine', [...files('src/engine/upload', 16), ...files('src/engine', 8)])).toEqual([])
  })
})
