/**
 * Page cursors: opaque to whoever holds them, bound to the list and to the store that made them, so that a cursor from
 * elsewhere is refused instead of answering a wrong page.
 */
export const encodeCursor = (list: string, store: string, position: number): string =>
  Buffer.from(`${list}:${store}:${position}`).toString('base64url')

/** The position in `list` of `store`; null when the cursor was not made there. */
export const decodeCursor = (cursor: string, list: string, store: string): number | null => {
  const prefix = `${list}:${store}:`
  const text = Buffer.from(cursor, 'base64url').toString()
  const position = text.slice(prefix.length)
  return text.startsWith(prefix) && /^\d{1,15}$/.test(position) ? Number(position) : null
}
