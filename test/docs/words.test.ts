import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const house = fileURLToPath(new URL('../../', import.meta.url))

/** A retired word may stand so often in a file, for this reason. */
interface Exemption {
  readonly file: string
  readonly word: string
  readonly times: number
  readonly because: string
}

const exemptions: readonly Exemption[] = [
  {
    file: 'src/dashboard/views/icon.tsx',
    word: 'anchor',
    times: 1,
    because: 'It is the name of a picture of an anchor.',
  },
]

/** Returns the retired words: the first column of the table at the end of the page. */
const retiredWords = (): readonly string[] => {
  const page = readFileSync(join(house, 'docs/explanation/words.md'), 'utf8')
  const [, table = ''] = page.split('\n## Retired\n')
  return [...table.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '))
}

/** Returns the words of a text in lower case. `oneWish`, `ONE_WISH` and `one-wish` are two words each. */
const wordsOf = (text: string): readonly string[] =>
  text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)

/** Returns the identifiers and the comments of a file. Texts are left out, because they are for users and for SQL. */
const said = (text: string, isJsx: boolean): readonly string[] => {
  const kind = isJsx ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const source = ts.createSourceFile('file', text, ts.ScriptTarget.Latest, false, kind)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found, ...(text.match(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/.*$/gm) ?? [])]
}

/** Returns every use of a retired word in a file, in the singular or the plural. */
const usesOf = (retired: readonly string[], text: string, isJsx = false): readonly string[] => {
  const spellings = new Map(
    retired.flatMap((word) =>
      [word, `${word}s`, `${word}es`, word.replace(/y$/, 'ies')].map((one) => [one, word] as const),
    ),
  )
  return said(text, isJsx)
    .flatMap(wordsOf)
    .flatMap((word) => spellings.get(word) ?? [])
}

const sourceFiles = (): readonly string[] =>
  readdirSync(join(house, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join('src', name))
    .sort()

describe('the words of docs/explanation/words.md', () => {
  it('are found in identifiers and comments, in the singular and the plural, and not in texts', () => {
    const text = `/** Takes a tally. */ const twoWishes = 1 // of sweeps\nconst text = 'a tally' + useAnchor()`
    expect(usesOf(['tally', 'wish', 'sweep', 'anchor'], text)).toEqual(['wish', 'anchor', 'tally', 'sweep'])
  })

  it('that are retired stand in no identifier, comment or name of a file of src, but for what is listed here', () => {
    const retired = retiredWords()
    expect(retired.length).toBeGreaterThan(8)
    const counts = new Map<string, number>()
    for (const file of sourceFiles()) {
      const uses = usesOf(retired, `${readFileSync(join(house, file), 'utf8')}\n// ${file}`, file.endsWith('x'))
      for (const word of uses) counts.set(`${file}: ${word}`, (counts.get(`${file}: ${word}`) ?? 0) + 1)
    }
    expect([...counts].sort()).toEqual(exemptions.map(({ file, word, times }) => [`${file}: ${word}`, times]).sort())
    expect(exemptions.every(({ because }) => because.length > 10)).toBe(true)
  })
})
