import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('SECURITY.md', async () => {
  const page = await read('SECURITY.md')
  const [, defences = ''] = page.split('## Defences, and the test of each')
  const rows = [...defences.matchAll(/^\| (.+?) \| `(test\/[\w./-]+)`(?:: (.+))? \|$/gm)]

  it('has a test in every row', () => {
    const all = defences.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| defence '))
    expect(rows).toHaveLength(all.length)
    expect(rows.length).toBeGreaterThan(35)
  })

  it.each(rows.map(([, defence = '', file = '', name = '']) => [defence, file, name]))(
    'proves: %s',
    async (_defence, file, name) => {
      const text = await read(file)
      expect(text).toMatch(/\bit(\.each)?\(/)
      if (name !== '') expect(text).toContain(`'${name}'`)
    },
  )
})
