import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { settings } from '../../src/config/rows.js'
import type { JobView } from '../../src/core/job-view.js'
import { until } from '../e2e/world.js'
import { blocksOf, openDocsShell } from './shell.js'

const house = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string): Promise<string> => readFile(`${house}${path}`, 'utf8')

type Shell = Awaited<ReturnType<typeof openDocsShell>>
let shell: Shell
const closings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closings.splice(0)) await close()
})

const open = async (replace?: Readonly<Record<string, string>>): Promise<void> => {
  shell = await openDocsShell(replace)
  closings.push(shell.close)
}

const jobs = async (): Promise<readonly JobView[]> => {
  const answer = await fetch(`http://127.0.0.1:${shell.port}/v1/jobs`)
  return ((await answer.json()) as { items: JobView[] }).items
}

describe('README.md', () => {
  it('gives commands that work, each of them', { timeout: 180_000 }, async () => {
    await open()
    const blocks = blocksOf(await read('README.md'))
    expect(blocks.length).toBe(6)
    for (const block of blocks) {
      const { code, text } = await shell.run(block)
      expect(code, `${block}\n${text}`).toBe(0)
    }
    const done = await jobs()
    expect(done.map(({ state, target }) => [state, target.key]).sort()).toEqual([
      ['completed', 'dir/a.bin'],
      ['completed', 'in/a.bin'],
    ])

    // Commands that need Docker or a cluster are only called here. scripts/container-check.mjs and
    // test/deploy/kubernetes.test.ts do the rest.
    const calls = await shell.calls()
    const gates = await read('.ci/run')
    for (const call of calls.filter((line) => line.startsWith('npm '))) expect(gates).toContain(call)
    expect(calls.filter((line) => line.startsWith('npm '))).toEqual(['npm ci', 'npm run demo', 'npm ci', 'npm test'])
    const run = calls.find((line) => line.startsWith('docker run')) ?? ''
    const names = [...run.matchAll(/-e (\w+)/g)].map(([, name]) => name)
    expect(settings.map(([name]) => name)).toEqual(expect.arrayContaining(names))
    expect(names.length).toBeGreaterThan(3)
    const compose = await read('docker-compose.yml')
    expect(calls.find((line) => line.startsWith('docker compose exec'))).toContain('exec longshore longshore put')
    expect(compose).toMatch(/^ {2}longshore:$/m)
    expect(compose).toContain('--bucket, dev-bucket')
    const applied = calls.flatMap((line) => [...line.matchAll(/-f (\S+)/g)].map(([, file = '']) => file))
    expect(applied.length).toBe(1)
    for (const file of applied) expect(existsSync(`${house}${file}`), file).toBe(true)
  })
})

describe('README.zh-CN.md', () => {
  it('says what README.md says: the same commands, tables and pages', async () => {
    const [english, chinese] = [await read('README.md'), await read('README.zh-CN.md')]
    const bare = (block: string): string => block.replace(/ +#.*$/gm, '')
    expect(blocksOf(chinese).map(bare)).toEqual(blocksOf(english).map(bare))
    const count = (page: string, pattern: RegExp): number => [...page.matchAll(pattern)].length
    for (const pattern of [/^\|/gm, /^## /gm, /^\d\. \*\*/gm])
      expect(count(chinese, pattern)).toBe(count(english, pattern))
    const links = (page: string): string[] =>
      [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target).sort()
    const others = (page: string): string[] => links(page).filter((target) => !target.startsWith('README'))
    expect(others(chinese)).toEqual(others(english))
  })
})

describe('docs/tutorials/first-upload.md', () => {
  it('works as it is told, the kill included', { timeout: 180_000 }, async () => {
    // The file is smaller than the reader's, which shows the same in less time.
    await open({ '200M': '60M' })
    const [oss = '', daemon = '', put = '', kill = '', look = '', ...rest] = blocksOf(
      await read('docs/tutorials/first-upload.md'),
    )
    expect(rest).toEqual([])
    await shell.start(oss)
    await shell.start(daemon)
    await shell.run(`${put} & putting=$!`)
    await until(async () => ((await jobs())[0]?.progress.partsUploaded ?? 0) >= 1)
    expect((await shell.run(kill)).code).toBe(0)
    await shell.start('npx longshore serve')
    const { code, text } = await shell.run('wait $putting')
    expect(code, text).toBe(0)

    const [job] = await jobs()
    expect(job).toMatchObject({ state: 'completed', runs: 2, attempts: 0, upload: { partCount: 6 } })
    const lines = look
      .split('\n')
      .filter((line) => !line.startsWith('sqlite3') || spawnSync('which', ['sqlite3']).status === 0)
    for (const line of lines) {
      const seen = await shell.run(line)
      expect(seen.code, `${line}\n${seen.text}`).toBe(0)
      expect(seen.text).toMatch(line.startsWith('sqlite3') ? /^1\|10485760\|/m : new RegExp(job?.id ?? 'none'))
    }
  })
})
