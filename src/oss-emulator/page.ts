import type { Query } from './address.js'
import { invalidArgument } from './oss-error.js'

/**
 * Returns a whole number from the query, or `fallback` when it is absent. Throws InvalidArgument when the text is not a
 * number or is out of bounds.
 */
export const readNumber = (query: Query, name: string, lowest: number, highest: number, fallback: number): number => {
  const text = query.get(name)
  if (text === undefined || text === null || text === '') return fallback
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= lowest && value <= highest) return value
  throw invalidArgument(name, text, `Argument ${name} must be an integer between ${lowest} and ${highest}.`)
}

/** Returns how names stand in the answer: as they are, or percent-encoded when the client asked `encoding-type=url`. */
export const readEncoding = (query: Query): ((name: string) => string) => {
  const type = query.get('encoding-type')
  if (type === undefined || type === null) return (name) => name
  if (type !== 'url') throw invalidArgument('encoding-type', type, 'Invalid Encoding Method specified in Request.')
  return (name) =>
    encodeURIComponent(name).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly commonPrefixes: readonly string[]
  readonly isTruncated: boolean
  /** This is the last item or common prefix, from which the next page goes on. It is null when the page is empty. */
  readonly last: { readonly item: Item } | { readonly prefix: string } | null
}

export interface PageRequest<Item> {
  /** The items are in the order of listings. */
  readonly items: readonly Item[]
  readonly nameOf: (item: Item) => string
  readonly prefix: string
  readonly delimiter: string
  /** Returns whether an item comes after the marker. The items that do form the end of the list. */
  readonly isAfter: (item: Item) => boolean
  /** Returns the same for a common prefix. */
  readonly isPrefixAfter: (prefix: string) => boolean
  readonly max: number
}

/**
 * Returns one page of a listing: names with `prefix`. Names with `delimiter` behind the prefix are rolled up into
 * common prefixes.
 */
export const takePage = <Item>(request: PageRequest<Item>): Page<Item> => {
  const { nameOf, prefix, delimiter, max } = request
  const items: Item[] = []
  const commonPrefixes: string[] = []
  let last: Page<Item>['last'] = null

  for (const item of request.items) {
    const name = nameOf(item)
    if (!name.startsWith(prefix) || !request.isAfter(item)) continue
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
    const rolledUp = cut < 0 ? null : name.slice(0, cut + delimiter.length)
    if (rolledUp !== null && (rolledUp === commonPrefixes.at(-1) || !request.isPrefixAfter(rolledUp))) continue
    if (items.length + commonPrefixes.length >= max) return { items, commonPrefixes, isTruncated: max > 0, last }
    if (rolledUp === null) {
      items.push(item)
      last = { item }
    } else {
      commonPrefixes.push(rolledUp)
      last = { prefix: rolledUp }
    }
  }
  return { items, commonPrefixes, isTruncated: false, last }
}
