/** By this header a HEAD recognises an object as the one that a certain job made. */
export const markerHeader = 'x-oss-meta-longshore-upload'

/**
 * The owner of a bucket may make requesters pay. All others then send this header with every call, also with those
 * without a body.
 */
export const payerHeader = 'x-oss-request-payer'

export type RoutedCall = 'initiate' | 'part' | 'complete' | 'put'

/** These are the bounds of `x-oss-traffic-limit` in bits per second. They are OSS's own. */
export const trafficLimitBounds = { min: 819_200, max: 838_860_800 } as const

/**
 * These headers may go, or may only go, to particular calls. Every other header describes the object and goes to where
 * the object is made: Initiate or PutObject. OSS refuses encryption headers on a part, and takes the ACL of a multipart
 * object on Complete only.
 */
const routes: ReadonlyMap<string, readonly RoutedCall[]> = new Map([
  [payerHeader, ['initiate', 'part', 'complete', 'put']],
  ['x-oss-traffic-limit', ['part', 'put']],
  ['x-oss-object-acl', ['complete', 'put']],
])
const objectRoute: readonly RoutedCall[] = ['initiate', 'put']

/**
 * Returns the headers that this call carries in a new object, with their names in lower case. When names differ in case
 * only, the last one wins.
 */
export const routeHeaders = (call: RoutedCall, headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => (routes.get(name) ?? objectRoute).includes(call)),
  )

/** Returns whether the user agreed to pay for the requests of this object, in whichever case the header is written. */
export const paysAsRequester = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).some(([name, value]) => name.toLowerCase() === payerHeader && value === 'requester')

/** Longshore itself or the HTTP connection sets these headers. */
const reserved: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-md5',
  'authorization',
  'date',
  'user-agent',
  'expect',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'x-oss-date',
  'x-oss-security-token',
  'x-oss-content-sha256',
  'x-oss-forbid-overwrite',
  'x-oss-hash-crc64ecma',
  markerHeader,
])
/** `x-oss-copy-` headers would turn an upload into a copy of another object. */
const reservedFamilies = ['x-oss-callback', 'x-oss-copy-', 'x-oss-additional-headers', 'x-oss-signature']

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const visible = /^[\x20-\x7e]*$/

/** OSS takes these values for these headers, letter for letter. */
const choices: ReadonlyMap<string, readonly string[]> = new Map([
  ['x-oss-storage-class', ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive']],
  ['x-oss-server-side-encryption', ['AES256', 'KMS', 'SM4']],
  ['x-oss-server-side-data-encryption', ['SM4']],
  ['x-oss-object-acl', ['default', 'private', 'public-read', 'public-read-write']],
  ['x-oss-request-payer', ['requester']],
])

const metaPrefix = 'x-oss-meta-'
/** This bound holds for the user metadata of one object, names and values together. */
const maxMetaBytes = 8 * 1024
/** Our own metadata takes so many bytes and is sent with the user's. It is the name and 32 hexadecimal digits. */
const markerBytes = markerHeader.length + 32

/**
 * Returns what is wrong with a header that a user wants, as a sentence that continues the name of the header, or null.
 * Values are visible ASCII and spaces, because HTTP clients, proxies and the signature do not agree on anything wider.
 * OSS is the judge of headers that we do not know.
 */
export const headerProblem = (name: string, value: string): string | null => {
  if (!token.test(name)) return 'is not a valid header name'
  const lower = name.toLowerCase()
  if (reserved.has(lower) || reservedFamilies.some((family) => lower.startsWith(family))) {
    return lower.startsWith('x-oss-callback')
      ? 'is set by Longshore and cannot be chosen: use callback'
      : 'is set by Longshore and cannot be chosen'
  }
  if (lower.startsWith(metaPrefix) && !/^[a-z0-9-]+$/.test(lower.slice(metaPrefix.length))) {
    return `needs a name of letters, digits and hyphens behind ${metaPrefix}`
  }
  if (!visible.test(value)) return 'must hold visible ASCII characters and spaces only'
  const allowed = choices.get(lower)
  if (allowed !== undefined && !allowed.includes(value)) return `must be ${listOf(allowed)}`
  if (lower === 'content-type' && value.trim() === '') return 'must not be empty'
  if (lower === 'x-oss-tagging') return taggingProblem(value)
  if (lower === 'x-oss-traffic-limit') return trafficLimitProblem(value)
  return null
}

const listOf = (words: readonly string[]): string =>
  words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const trafficLimitProblem = (value: string): string | null => {
  const { min, max } = trafficLimitBounds
  const bits = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  return bits >= min && bits <= max ? null : `must be an integer from ${min} to ${max} (bits per second)`
}

const maxTags = 10
const maxTagKey = 128
const maxTagValue = 256
const tagText = /^[\p{L}\p{N} +\-=._:/]*$/u

const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

/** Tags have the form of a query, `a=1&b=2`, with each half URL-encoded. */
const taggingProblem = (value: string): string | null => {
  const keys = new Set<string>()
  for (const pair of value === '' ? [] : value.split('&')) {
    const [first = '', ...rest] = pair.split('=')
    const key = decoded(first)
    const text = rest.length > 1 ? null : decoded(rest[0] ?? '')
    if (key === null || text === null) return 'must be like a=1&b=2, with names and values URL-encoded'
    if (key.length < 1 || key.length > maxTagKey) return `must have tags with names of 1 to ${maxTagKey} characters`
    if (text.length > maxTagValue) return `must have tags with values of at most ${maxTagValue} characters`
    if (!tagText.test(key) || !tagText.test(text)) {
      return 'must have tags of letters, digits, spaces and + - = . _ : / only'
    }
    if (keys.has(key)) return `names the tag ${key} twice`
    keys.add(key)
  }
  return keys.size > maxTags ? `must be at most ${maxTags} tags` : null
}

/** This names a header, and says what is wrong with it in a sentence that continues the name. */
export interface HeaderProblem {
  readonly name: string
  readonly message: string
}

/** Returns what is wrong with the headers that a user wants for one object, each alone and all together. */
export const headerProblems = (headers: Readonly<Record<string, string>>): readonly HeaderProblem[] => {
  const problems: HeaderProblem[] = []
  const values = new Map<string, string>()
  let metaBytes = 0
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    const message = values.has(lower) ? 'is given twice: names differ only in case' : headerProblem(name, value)
    if (message !== null) problems.push({ name, message })
    values.set(lower, value)
    if (!lower.startsWith(metaPrefix)) continue
    const before = metaBytes
    metaBytes += name.length + value.length
    const room = maxMetaBytes - markerBytes
    if (before <= room && metaBytes > room) {
      problems.push({ name, message: `makes more than ${room} bytes of ${metaPrefix} names and values together` })
    }
  }
  if (values.get('x-oss-server-side-encryption') !== 'KMS') {
    for (const name of ['x-oss-server-side-encryption-key-id', 'x-oss-server-side-data-encryption']) {
      if (values.has(name)) problems.push({ name, message: 'goes with x-oss-server-side-encryption: KMS only' })
    }
  }
  return problems
}
