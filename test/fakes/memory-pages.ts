import { AppError } from '../../src/core/app-error.js'
import { decodeCursor, encodeCursor } from '../../src/core/cursor.js'
import type { Page } from '../../src/ports/page.js'

/** Creates keyset pages with opaque cursors, as the memory store hands them out. */
export const createMemoryPages = (instance: string) => {
  const pageOf = <T>(list: string, all: readonly T[], limit: number, position: (item: T) => number): Page<T> => {
    const items = all.slice(0, limit)
    const last = items.at(-1)
    return {
      items,
      nextCursor: all.length > limit && last !== undefined ? encodeCursor(list, instance, position(last)) : null,
    }
  }

  const startOf = (list: string, cursor: string | null, first: number): number => {
    if (cursor === null) return first
    const position = decodeCursor(cursor, list, instance)
    if (position !== null) return position
    throw new AppError('invalid_request', 'The cursor is not one of this list.', {
      errors: [{ path: 'cursor', message: 'take it from nextCursor of the page before' }],
    })
  }
  return { pageOf, startOf }
}
