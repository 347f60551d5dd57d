import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

it('docs/reference/failures.md names only tests that exist, and one for every failure', async () => {
  const lines = (await read('docs/reference/failures.md')).split('\n').filter((line) => line.startsWith('| '))
  const failures = lines.filter((line) => !line.startsWith('| failure |'))
  const rows = failures.map((line) => / \| `(test\/[\w./-]+)` \| (.+) \|$/.exec(line) ?? [line])
  expect(rows.filter(([, file]) => file === undefined)).toEqual([])
  expect(rows.length).toBeGreaterThanOrEqual(36)
  for (const [, file = '', name = ''] of rows) expect(await read(file), `${file}: ${name}`).toContain(`'${name}'`)
})

it('docs/reference/failures.md has a row for every code of OSS that is known by name', async () => {
  const failures = await read('docs/reference/failures.md')
  const table = await read('src/adapters/oss/api/classify.ts')
  const known = [...table.matchAll(/^ {2}\['(\w+)', /gm)].map(([, code = '']) => code)
  expect(known.length).toBeGreaterThan(15)
  expect(known.filter((code) => !failures.includes(`\`${code}\``))).toEqual([])
})
