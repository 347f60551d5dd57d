import { AppError } from './app-error.js'
import { decodeCursor, encodeCursor } from './cursor.js'

/** A list whose pages go by the position of the last row that was shown, so that a page costs the same wherever it begins. */
export interface KeysetList<Row, T> {
  /** The name that its cursors are bound to. */
  readonly list: string
  /** The store that its cursors are bound to. */
  readonly store: string
  /** The position before the first row. */
  readonly first: number
  positionOf(row: Row): number
  itemOf(row: Row): T
  /** Returns the rows behind a position in the order of the list, at most `count`. */
  rowsBehind(position: number, count: number): readonly Row[]
}

/** The first position of a list that shows its newest row first. */
export const newestFirst = Number.MAX_SAFE_INTEGER
/** The first position of a list that shows its oldest row first. */
export const oldestFirst = 0

/** Returns the position in the list from which a page goes on. Throws AppError `invalid_request` for another list's cursor. */
export const startOf = (
  { list, store, first }: Pick<KeysetList<never, never>, 'list' | 'store' | 'first'>,
  cursor: string | null,
): number => {
  const position = cursor === null ? first : decodeCursor(cursor, list, store)
  if (position !== null) return position
  throw new AppError('invalid_request', 'The cursor is not one of this list.', {
    errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
  })
}

/** Returns a page of a list. It asks for one row more than it shows, because that row tells whether a next page exists. */
export const keysetPage = <Row, T>(
  of: KeysetList<Row, T>,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
): { readonly items: readonly T[]; readonly nextCursor: string | null } => {
  const rows = of.rowsBehind(startOf(of, cursor), limit + 1)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return {
    items: shown.map((row) => of.itemOf(row)),
    nextCursor: hasMore ? encodeCursor(of.list, of.store, of.positionOf(last)) : null,
  }
}
