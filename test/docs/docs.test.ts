import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig } from '../../src/config/config.js'
import { settings } from '../../src/config/rows.js'
import { AppError, appErrorCodes } from '../../src/core/app-error.js'
import { batchProblemCodes } from '../../src/core/batch.js'
import { jobErrorCodes } from '../../src/core/failure.js'
import { jobStates, jobTransitions, settledStates } from '../../src/core/job.js'
import { problemOf } from '../../src/http/server/problem.js'

const house = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): Promise<string> => readFile(join(house, path), 'utf8')

const allPages = async (): Promise<readonly string[]> => {
  const below = await readdir(join(house, 'docs'), { recursive: true })
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...below.map((name) => join('docs', name))].filter((name) =>
    name.endsWith('.md'),
  )
}

/** Returns the text behind a heading, up to the next one of any level. */
const sectionOf = (page: string, heading: string): string => {
  const [, rest] = page.split(`\n## ${heading}\n`)
  expect(rest, `a section "${heading}"`).toBeDefined()
  return rest?.split(/\n##? /)[0] ?? ''
}

/** Returns the cells of the tables in a text, without their heads. Code marks are removed. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/^\|(.+)\|$/gm)]
    .map(([, row]) => (row ?? '').split('|').map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')))
    .filter((cells, index, rows) => !isRule(cells) && !isRule(rows[index + 1] ?? []))

const isRule = (cells: readonly string[]): boolean => cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell))

const firstCells = (text: string): readonly string[] => rowsOf(text).map(([first]) => first ?? '')

describe('docs/reference/settings.md', () => {
  it('has every setting with its default, in the order of --help, and none besides', async () => {
    const page = await read('docs/reference/settings.md')
    const documented = [...rowsOf(sectionOf(page, 'The daemon')), ...rowsOf(sectionOf(page, 'OSS'))]
    expect(documented.map(([name, preset]) => [name, preset])).toEqual(settings.map(([name, preset]) => [name, preset]))
    expect(documented.every(([, , meaning = '']) => meaning.length > 5)).toBe(true)
  })

  it('names as "not yet" what the daemon refuses', async () => {
    const notYet = sectionOf(await read('docs/reference/settings.md'), 'Not yet')
    const refused = [...notYet.matchAll(/`(LONGSHORE_\w+)`/g)].map(([, name = '']) => name)
    const env = {
      LONGSHORE_SOURCE_ROOTS: house,
      OSS_REGION: 'cn-hangzhou',
      OSS_ACCESS_KEY_ID: 'i',
      OSS_ACCESS_KEY_SECRET: 's',
    }
    expect(refused).toEqual(['LONGSHORE_DATABASE_URL'])
    expect(() => loadConfig({ ...env, LONGSHORE_DATABASE_URL: 'postgres://db' })).toThrow(ConfigError)
  })
})

describe('docs/reference/errors.md', () => {
  it('has every code of the API with its status, and none besides', async () => {
    const rows = rowsOf(sectionOf(await read('docs/reference/errors.md'), 'Answers of the API'))
    const statusOf = (code: (typeof appErrorCodes)[number]): string => String(problemOf(new AppError(code, '')).status)
    expect(rows.map(([code, status]) => [code, status]).sort()).toEqual(
      appErrorCodes.map((code) => [code, statusOf(code)]).sort(),
    )
    expect(rows.every(([, , cause = '', remedy = '']) => cause !== '' && remedy !== '')).toBe(true)
  })

  it('has every code of a failed job, and none besides', async () => {
    const rows = rowsOf(sectionOf(await read('docs/reference/errors.md'), 'Errors of a failed job'))
    expect(rows.map(([code]) => code)).toEqual(jobErrorCodes)
    expect(rows.every(([, cause = '', remedy = '']) => remedy !== '' || cause.includes('Reserved'))).toBe(true)
  })
})

describe('the problems of a batch', () => {
  it('are all in docs/reference/errors.md, and none besides', async () => {
    const rows = rowsOf(sectionOf(await read('docs/reference/errors.md'), 'Problems of a batch'))
    expect(rows.map(([code]) => code)).toEqual(batchProblemCodes)
    expect(rows.every(([, cause = '', remedy = '']) => cause !== '' && remedy !== '')).toBe(true)
  })
})

describe('docs/explanation/architecture.md', () => {
  it('draws exactly the transitions of core', async () => {
    const page = await read('docs/explanation/architecture.md')
    const [, diagram = ''] = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(page) ?? []
    const drawn = diagram.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]))
    const law = jobStates.flatMap((from) => jobTransitions[from].map((to) => `${from} --> ${to}`))
    const ends = settledStates.filter((state) => jobTransitions[state].length === 0).map((state) => `${state} --> [*]`)
    expect([...drawn].sort()).toEqual(['[*] --> queued', ...law, ...ends].sort())
  })
})

describe('docs/explanation/from-oss2.md', () => {
  it('gives every parameter of oss2.resumable_upload its place', async () => {
    const parameters = firstCells(sectionOf(await read('docs/explanation/from-oss2.md'), 'The parameters'))
    expect(parameters).toEqual(
      expect.arrayContaining([
        'bucket',
        'key',
        'filename',
        'store',
        'headers',
        'multipart_threshold',
        'part_size',
        'progress_callback',
        'num_threads',
      ]),
    )
  })
})

describe('docs/explanation/decisions', () => {
  it('gives every dependency its line, and names none that is gone', async () => {
    const page = await read('docs/explanation/decisions/0001-dependencies.md')
    const { dependencies, devDependencies } = JSON.parse(await read('package.json'))
    const inBundle = firstCells(sectionOf(page, 'In production, in the bundle'))
    const inDevelopment = firstCells(sectionOf(page, 'In development'))
    expect([...firstCells(sectionOf(page, 'In production, installed'))].sort()).toEqual(
      Object.keys(dependencies).sort(),
    )
    expect([...inBundle, ...inDevelopment].sort()).toEqual(Object.keys(devDependencies).sort())
  })

  it('are numbered without a gap and all listed', async () => {
    const names = (await readdir(join(house, 'docs/explanation/decisions')))
      .filter((name) => name !== 'README.md')
      .sort()
    expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, index) => index + 1))
    const list = await read('docs/explanation/decisions/README.md')
    expect([...list.matchAll(/\]\((.+?)\)/g)].map(([, target]) => target)).toEqual(names)
  })
})

describe('every page', async () => {
  const pages = await allPages()

  it.each(pages)('%s links to what is there', async (page) => {
    const links = [...(await read(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    const local = links.filter((target) => !/^[a-z]+:/.test(target))
    const broken = local.filter((target) => !existsSync(join(house, dirname(page), target.split('#')[0] ?? '')))
    expect(broken).toEqual([])
  })

  it.each(pages)('%s names files and scripts that exist', async (page) => {
    const text = await read(page)
    const { scripts } = JSON.parse(await read('package.json'))
    const files = [...text.matchAll(/`((?:src|test|docs|migrations|scripts|\.ci)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    )
    const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(files.filter((path) => !path.includes('NNNN') && !existsSync(join(house, path)))).toEqual([])
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
  })

  it.each(pages)('%s can be reached from the README', async (page) => {
    const seen = new Set<string>()
    const follow = async (name: string): Promise<void> => {
      if (seen.has(name) || !existsSync(join(house, name))) return
      seen.add(name)
      for (const [, target = ''] of (await read(name)).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue
        const path = relative(house, join(house, dirname(name), target))
        await follow(path.endsWith('.md') ? path : join(path, 'README.md'))
      }
    }
    await follow('README.md')
    expect([...seen]).toContain(page)
  })
})
