import type { IncomingHttpHeaders } from 'node:http'
import { OssError } from './oss-error.js'

/** These are the positions of the first and the last byte, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/**
 * Returns the range that a GET asks for, or null for the whole object. OSS ignores a Range that is malformed or reaches
 * out of the object, unless `x-oss-range-behavior: standard` asks for what HTTP says.
 */
export const requestedRange = (headers: IncomingHttpHeaders, size: number): ByteRange | null => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
  const [, from = '', to = ''] = match ?? []
  if (from === '' && to === '') return null
  const standard = headers['x-oss-range-behavior'] === 'standard'

  const suffix = Number(to)
  const first = from === '' ? Math.max(0, size - suffix) : Number(from)
  const last = from === '' || to === '' ? size - 1 : suffix
  if (from !== '' && to !== '' && last < first) return null
  if (first >= size) {
    if (standard)
      throw new OssError('InvalidRange', { elements: { ActualObjectSize: size, RangeHeader: headers.range ?? '' } })
    return null
  }
  if (last >= size) return standard ? { first, last: size - 1 } : null
  return { first, last }
}
