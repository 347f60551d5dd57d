import { readdirSync, readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** A path in code marks, with the name of a function or type in it behind `#`; a folder ends with a slash. */
const reference = /`((?:src|test|docs|migrations)\/[\w./-]*\w\/?)(?:#(\w+))?`/g

const exists = (path: string): boolean => {
  const found = statSync(new URL(path.replace(/\/$/, ''), root), { throwIfNoEntry: false })
  return found !== undefined && found.isDirectory() === path.endsWith('/')
}

const defines = (text: string, name: string): boolean =>
  new RegExp(`^\\s*(?:export )?(?:async )?(?:const|function\\*?|interface|type|class) ${name}\\b`, 'm').test(text)

/** The references of a document that lead nowhere. */
const deadEnds = (document: string): readonly string[] =>
  [...document.matchAll(reference)].flatMap(([, path = '', name]) => {
    // A pattern for the name of a file that does not exist yet.
    if (path.includes('NNNN')) return []
    if (!exists(path)) return [path]
    return name === undefined || defines(read(path), name) ? [] : [`${path}#${name}`]
  })

describe('the paths that documents name', () => {
  const explanations = readdirSync(new URL('docs/explanation/', root)).filter((name) => name.endsWith('.md'))

  it.each(['CONTRIBUTING.md', ...explanations.map((name) => `docs/explanation/${name}`)])(
    'lead somewhere in %s',
    (path) => {
      expect(deadEnds(read(path))).toEqual([])
    },
  )

  it('lead through the code in four walks, step by step', () => {
    const [, walks = ''] = read('docs/explanation/architecture.md').split('\n## Four walks through the code\n')
    const [section = ''] = walks.split('\n## ')
    const steps = section.split('\n### ').slice(1)
    expect(steps.map((walk) => walk.split('\n')[0])).toEqual([
      'One upload, from POST to receipt',
      'One file of a batch',
      'One range of bytes',
      'One setting',
    ])
    for (const walk of steps) {
      const named = [...walk.matchAll(reference)].filter(
        ([, path, name]) => path?.startsWith('src/') && name !== undefined,
      )
      expect(named.length, walk).toBeGreaterThanOrEqual(6)
    }
  })

  it('are missed when they are gone, or when the name is only spoken of', () => {
    const known = 'src/core/plan.ts'
    expect(deadEnds(`\`${known}\`, \`${known}#planParts\`, \`src/core/\``)).toEqual([])
    expect(deadEnds('`src/core/nothing.ts` and `src/nothing/`')).toEqual(['src/core/nothing.ts', 'src/nothing/'])
    // `oss2` stands in a comment of that file.
    expect(deadEnds(`\`${known}#oss2\` \`${known}#planPart\``)).toEqual([`${known}#oss2`, `${known}#planPart`])
    expect(deadEnds('`src/core` is a folder, `src/main.ts/` is none')).toEqual(['src/core', 'src/main.ts/'])
  })
})
