import { describe, expect, it } from 'vitest'
import { createGlobFilter } from '../../src/adapters/file/glob-filter.js'
import { globProblem } from '../../src/core/glob.js'

const files = ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4', 'tmp/x', 'sub/tmp/x', 'sub/tmpx', 'b (1).txt ']
const taken = (include: string[], exclude: string[] = []): string[] => {
  const filter = createGlobFilter(include, exclude)
  const isOpen = (path: string): boolean => {
    const names = path.split('/').slice(0, -1)
    return names.every((_, n) => filter.entersDirectory(names.slice(0, n + 1).join('/')))
  }
  return files.filter((path) => isOpen(path) && filter.takesFile(path))
}

describe('A glob', () => {
  it.each<[string, string[]]>([
    ['*.mp4', ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4']],
    ['./*.mp4', ['a.mp4']],
    ['sub/*.mp4', ['sub/a.mp4']],
    ['**/*.mp4', ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4']],
    ['**', files],
    ['*', files],
    ['tmp/', ['tmp/x', 'sub/tmp/x']],
    ['./tmp/', ['tmp/x']],
    ['sub/tmp/', ['sub/tmp/x']],
    ['{x,tmpx}', ['tmp/x', 'sub/tmp/x', 'sub/tmpx']],
    ['[ab].mp4', ['a.mp4', 'sub/a.mp4']],
    ['b (1).txt ', ['b (1).txt ']],
    ['\\a.mp4', ['a.mp4', 'sub/a.mp4']],
    ['x/', []],
  ])('%j takes %j', (pattern, expected) => {
    expect(globProblem(pattern)).toBeNull()
    expect(taken([pattern])).toEqual(expected)
  })

  it.each<[string, string[]]>([
    ['tmp/', ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4', 'sub/tmpx', 'b (1).txt ']],
    ['tmp', ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4', 'sub/tmpx', 'b (1).txt ']],
    ['./tmp', ['a.mp4', 'sub/a.mp4', 'sub/deep/.a.mp4', 'sub/tmp/x', 'sub/tmpx', 'b (1).txt ']],
    ['sub/', ['a.mp4', 'tmp/x', 'b (1).txt ']],
    ['tmpx/', files],
  ])('%j left out leaves %j', (pattern, expected) => {
    expect(taken([], [pattern])).toEqual(expected)
  })

  it.each([
    '',
    '!x',
    '/abs',
    '/',
    './',
    '.',
    '..',
    '../x',
    'a/../b',
    'a/./b',
    'a//b',
    'a//',
    '["',
    '[',
    '[]',
    'a[/]b',
    '{a,b',
    'x{',
    'a\\',
    'a\0',
  ])('%j is refused, because no path matches it', (pattern) => {
    expect(globProblem(pattern)).toEqual(expect.any(String))
  })

  it.each(['a]', 'a}', '\\[', '\\{a', '[a]', '[!a]', '[]a]', '{a,b}/c', 'a\\\\', '..a', 'a..', '...', ' x'])(
    '%j is none of those',
    (pattern) => {
      expect(globProblem(pattern)).toBeNull()
    },
  )
})
