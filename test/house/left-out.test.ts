import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { withoutExemption } from '../left-out.js'

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const house = fileURLToPath(new URL('../..', import.meta.url))

let directory: string | null = null
afterEach(async () => {
  if (directory !== null) await rm(directory, { recursive: true })
  directory = null
})

/** Runs one file of tests by the project's own configuration. Returns what it said, and its exit code. */
const run = async (body: string, ci: string | undefined, ...args: readonly string[]) => {
  directory = await mkdtemp(join(house, 'test/house/left-out-'))
  const file = join(directory, 'sample.test.ts')
  await writeFile(file, `import { it } from 'vitest'\nimport { needs } from '../../needs.js'\n${body}\n`)
  const { CI: _ci, TEST_REPORT: _report, ...env } = process.env
  return new Promise<{ text: string; code: number | null }>((resolve) => {
    const child = execFile(
      process.execPath,
      [vitest, 'run', relative(house, file), ...args],
      { cwd: house, env: { ...env, PATH: '/nowhere', ...(ci === undefined ? {} : { CI: ci }) } },
      (_error, stdout) => resolve({ text: stdout, code: child.exitCode }),
    )
  })
}

const runs = `it('runs', () => {})`
const lacking = `${runs}\nit('asks fish', (context) => needs(context, 'fish'))`

describe('a test that is left out', () => {
  it('is told at the end with its reason and the remedy, and fails nothing at home', async () => {
    const { text, code } = await run(lacking, undefined)
    expect(text).toContain('Left out (1):')
    expect(text).toContain('"asks fish": fish missing here: apt-get install fish')
    expect(code).toBe(0)
  })

  it('is a failure in CI', async () => {
    const { text, code } = await run(lacking, 'true')
    expect(text).toContain('these have no exemption (1):')
    expect(code).toBe(1)
  })

  it('is a failure in CI without any reason too', async () => {
    const { text, code } = await run(`${runs}\nit.skip('rests', () => {})`, 'true')
    expect(text).toContain('"rests": without a reason')
    expect(code).toBe(1)
  })

  it('is not told when the run asked for others by name', async () => {
    const { text, code } = await run(`${runs}\nit('rests', () => {})`, 'true', '-t', 'runs')
    expect(text).not.toContain('Left out')
    expect(code).toBe(0)
  })

  it('is exempt only as often as the list says, and never without a reason', () => {
    const one = { file: 'a.test.ts', name: 'x', reason: 'on purpose' }
    const exemptions = new Map([['a.test.ts', 1]])
    expect(withoutExemption([one], exemptions)).toEqual([])
    expect(withoutExemption([one, { ...one, name: 'y' }], exemptions)).toEqual([{ ...one, name: 'y' }])
    expect(withoutExemption([{ ...one, reason: '' }], exemptions)).toHaveLength(1)
    expect(withoutExemption([{ ...one, file: 'b.test.ts' }], exemptions)).toHaveLength(1)
  })
})
