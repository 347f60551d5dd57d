import { describe, expect, it } from 'vitest'
import { type KeysetList, keysetPage, newestFirst, oldestFirst } from '../../src/core/keyset-page.js'

const rows = [1, 2, 5, 7]

const setup = (changes: Partial<KeysetList<number, string>> = {}): KeysetList<number, string> => ({
  list: 'jobs',
  store: 'store-a',
  first: oldestFirst,
  positionOf: (row) => row,
  itemOf: (row) => `row ${row}`,
  rowsBehind: (after, count) => rows.filter((row) => row > after).slice(0, count),
  ...changes,
})

const allPages = (list: KeysetList<number, string>, limit: number): readonly (readonly string[])[] => {
  const pages: (readonly string[])[] = []
  let cursor: string | null = null
  do {
    const page: ReturnType<typeof keysetPage<number, string>> = keysetPage(list, { limit, cursor })
    pages.push(page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return pages
}

describe('the pages of a list', () => {
  it('bring every row once, and end without an empty page', () => {
    expect(allPages(setup(), 2)).toEqual([
      ['row 1', 'row 2'],
      ['row 5', 'row 7'],
    ])
    expect(allPages(setup(), 3)).toEqual([['row 1', 'row 2', 'row 5'], ['row 7']])
    expect(allPages(setup({ rowsBehind: () => [] }), 3)).toEqual([[]])
  })

  it('go by position in either order', () => {
    const rowsBehind = (before: number, count: number) =>
      rows
        .filter((row) => row < before)
        .reverse()
        .slice(0, count)
    expect(allPages(setup({ first: newestFirst, rowsBehind }), 3)).toEqual([['row 7', 'row 5', 'row 2'], ['row 1']])
  })

  it('refuse the cursor of another list and of another store', () => {
    const { nextCursor: cursor } = keysetPage(setup(), { limit: 1, cursor: null })
    expect(cursor).not.toBeNull()
    for (const other of [setup({ list: 'parts' }), setup({ store: 'store-b' })]) {
      expect(() => keysetPage(other, { limit: 1, cursor })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      )
    }
    expect(() => keysetPage(setup(), { limit: 1, cursor: 'nonsense' })).toThrow()
  })
})
