/** This is a whole answer to a PUT. The names of its headers are in lower case. */
export interface PutAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  /** The connection may be used again. */
  readonly keepsAlive: boolean
}

/** A chunked body without a chunk, as servers send it that did not know that the body would be empty. */
const emptyChunks = '0\r\n\r\n'

const headersOf = (lines: readonly string[]): Map<string, string> | null => {
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    // A line that goes on with the last one begins with a space, and no name holds one.
    const name = line.slice(0, colon).toLowerCase()
    if (colon <= 0 || name.includes(' ') || name.includes('\t')) return null
    // A header that comes twice could be read in two ways.
    if (headers.has(name) && name !== 'vary' && name !== 'set-cookie') return null
    headers.set(name, line.slice(colon + 1).trim())
  }
  return headers
}

/**
 * Reads the answer to a PUT, of which these bytes are the beginning. Returns `more` while bytes are missing, and `odd`
 * when they are no plain answer: one with a body after a success, with an interim status, or with bytes behind its end.
 * The body of a refusal is not read, so its connection does not stay.
 */
export const readPutAnswer = (bytes: Buffer): PutAnswer | 'more' | 'odd' => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return 'more'
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/.exec(first)?.[1]
  const headers = headersOf(lines)
  if (status === undefined || headers === null) return 'odd'
  if (status !== '200') return { status: Number(status), headers, keepsAlive: false }
  const keepsAlive = headers.get('connection')?.toLowerCase() !== 'close'
  const body = bytes.toString('latin1', end + 4)
  const length = headers.get('content-length')
  const coding = headers.get('transfer-encoding')
  if (length === '0' && coding === undefined) return body === '' ? { status: 200, headers, keepsAlive } : 'odd'
  if (length !== undefined || coding?.toLowerCase() !== 'chunked') return 'odd'
  if (body === emptyChunks) return { status: 200, headers, keepsAlive }
  return emptyChunks.startsWith(body) ? 'more' : 'odd'
}
