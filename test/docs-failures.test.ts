import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

it('docs/reference/failures.md names only tests that exist', async () => {
  const rows = [...(await read('docs/reference/failures.md')).matchAll(/\| `(test\/[\w./-]+)` \| (.+) \|$/gm)]
  expect(rows.length).toBeGreaterThanOrEqual(18)
  for (const [, file = '', name = ''] of rows) expect(await read(file), `${file}: ${name}`).toContain(`'${name}'`)
})
