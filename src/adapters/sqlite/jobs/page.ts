import { encodeCursor } from '../../../core/cursor.js'
import type { Page } from '../../../ports/page.js'
import type { JobWriter } from './job-writer.js'

/** Returns a page of a keyset list from `limit + 1` rows. The extra row shows that there is a next page. */
export const pageOf = <Row, T>(
  { instance }: Pick<JobWriter, 'instance'>,
  list: string,
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => number,
  itemOf: (row: Row) => T,
): Page<T> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: shown.map(itemOf), nextCursor: more ? encodeCursor(list, instance, position(last)) : null }
}
