/** By this header a HEAD recognises an object as the one that a certain job made. */
export const markerHeader = 'x-oss-meta-longshore-upload'

export type RoutedCall = 'initiate' | 'part' | 'complete' | 'put'

/** `x-oss-traffic-limit` in bits per second. Source: oss-facts, section 2. */
export const trafficLimitBounds = { min: 819_200, max: 838_860_800 } as const

/**
 * Headers that may go, or may only go, to particular calls; every other header describes the object and goes to where
 * the object is made: Initiate or PutObject. OSS refuses encryption headers on a part, and takes the ACL of a multipart
 * object on Complete only.
 */
const routes: ReadonlyMap<string, readonly RoutedCall[]> = new Map([
  ['x-oss-request-payer', ['initiate', 'part', 'complete', 'put']],
  ['x-oss-traffic-limit', ['part', 'put']],
  ['x-oss-object-acl', ['complete', 'put']],
])
const objectRoute: readonly RoutedCall[] = ['initiate', 'put']

/** The headers that this call carries, names in lower case, in a fresh object. Of names that differ in case only, the last wins. */
export const routeHeaders = (call: RoutedCall, headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => (routes.get(name) ?? objectRoute).includes(call)),
  )

/** Set by Longshore itself, or by the HTTP connection. */
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
/** `x-oss-copy-` headers would turn an upload into a copy of somebody else's object. */
const reservedFamilies = ['x-oss-callback', 'x-oss-copy-', 'x-oss-additional-headers', 'x-oss-signature']

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const visible = /^[\x20-\x7e]*$/

/**
 * What is wrong with a header that a user wants, as a sentence that continues the header's name, or null. Values are
 * visible ASCII and spaces: HTTP clients, proxies and the signature do not agree on anything wider.
 */
export const headerProblem = (name: string, value: string): string | null => {
  if (!token.test(name)) return 'is not a valid header name'
  const lower = name.toLowerCase()
  if (reserved.has(lower) || reservedFamilies.some((family) => lower.startsWith(family))) {
    return 'is set by Longshore and cannot be chosen'
  }
  if (lower === 'x-oss-meta-') return 'needs a name behind x-oss-meta-'
  if (!visible.test(value)) return 'must hold visible ASCII characters and spaces only'
  if (lower === 'content-type' && value.trim() === '') return 'must not be empty'
  if (lower === 'x-oss-traffic-limit') return trafficLimitProblem(value)
  return null
}

const trafficLimitProblem = (value: string): string | null => {
  const { min, max } = trafficLimitBounds
  const bits = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  return bits >= min && bits <= max ? null : `must be an integer from ${min} to ${max} (bits per second)`
}
