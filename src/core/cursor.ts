/**
 * Cursors of pages say nothing to those who hold them. Each is bound to the list and the store that made it, so that a
 * cursor from elsewhere is refused instead of leading to a wrong page.
 */
export const encodeCursor = (list: string, store: string, position: number): string =>
  Buffer.from(`${list}:${store}:${position}`).toString('base64url')

/** Returns the position in `list` of `store`, or null when the cursor was not made there. */
export const decodeCursor = (cursor: string, list: string, store: string): number | null => {
  const prefix = `${list}:${store}:`
  const text = Buffer.from(cursor, 'base64url').toString()
  const position = text.slice(prefix.length)
  return text.startsWith(prefix) && /^\d{1,15}$/.test(position) ? Number(position) : null
}
