import { type KeysetList, keysetPage, newestFirst, oldestFirst, startOf } from '../../src/core/keyset-page.js'
import type { Page, PageRequest } from '../../src/ports/page.js'

interface Row {
  readonly seq: number
}

/** Creates the pages of the memory store. Rows are given in the order in which they were made. */
export const createMemoryPages = (store: string) => {
  const positionOf = ({ seq }: Row): number => seq

  const newest = <R extends Row, T>(list: string, rows: readonly R[], request: PageRequest, itemOf: (row: R) => T) => {
    const rowsBehind: KeysetList<R, T>['rowsBehind'] = (before, count) =>
      [...rows.filter(({ seq }) => seq < before)].reverse().slice(0, count)
    return keysetPage({ list, store, first: newestFirst, positionOf, itemOf, rowsBehind }, request)
  }

  const oldest = <R extends Row, T>(list: string, rows: readonly R[], request: PageRequest, itemOf: (row: R) => T) => {
    const rowsBehind: KeysetList<R, T>['rowsBehind'] = (after, count) =>
      rows.filter(({ seq }) => seq > after).slice(0, count)
    return keysetPage({ list, store, first: oldestFirst, positionOf, itemOf, rowsBehind }, request)
  }

  /** Returns a page of a list whose items have no number but their place in it. */
  const numbered = <T>(list: string, items: readonly T[], request: PageRequest): Page<T> =>
    oldest(
      list,
      items.map((item, index) => ({ seq: index + 1, item })),
      request,
      ({ item }) => item,
    )

  /** Refuses a cursor of another list. */
  const check = (list: string, cursor: string | null): void => void startOf({ list, store, first: 0 }, cursor)

  return { newest, oldest, numbered, check }
}
