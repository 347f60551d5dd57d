import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Address, Query } from './address.js'
import { invalidArgument } from './oss-error.js'
import type { ExpectedSignature } from './signature-v1.js'

/** These are the parts of a V4 Authorization header. `date` is yyyymmdd. */
export interface V4Authorization {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly additionalHeaders: readonly string[]
  readonly signature: string
}

const malformed = (header: string): Error => invalidArgument('Authorization', header, 'Invalid Authorization header.')

export const parseV4Authorization = (header: string): V4Authorization => {
  const fields = new Map<string, string>()
  for (const field of header.slice('OSS4-HMAC-SHA256'.length).split(',')) {
    const equals = field.indexOf('=')
    if (equals < 0) throw malformed(header)
    fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim())
  }
  const [accessKeyId, date, region, product, terminator] = (fields.get('Credential') ?? '').split('/')
  const signature = fields.get('Signature')
  if (!accessKeyId || !date || !region || !signature || terminator !== 'aliyun_v4_request') throw malformed(header)
  if (product !== 'oss') {
    throw invalidArgument('Authorization', header, 'Invalid signing product in Authorization header.', '0002-00000227')
  }
  const additional = (fields.get('AdditionalHeaders') ?? '').toLowerCase().split(';')
  return { accessKeyId, date, region, signature, additionalHeaders: additional.filter((name) => name !== '').sort() }
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const canonicalUri = ({ bucket, key }: Address): string =>
  bucket === null ? '/' : `/${bucket}/${encode(key ?? '').replaceAll('%2F', '/')}`

const canonicalQuery = (query: Query, keepEmptyEquals: boolean): string =>
  [...query.entries()]
    .map(([name, value]) => [encode(name), value === null ? null : encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value || (keepEmptyEquals && value !== null) ? `${name}=${value}` : name))
    .join('&')

const canonicalHeaders = (headers: IncomingHttpHeaders, additional: readonly string[]): string =>
  Object.entries(headers)
    .filter(
      ([name]) =>
        name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-') || additional.includes(name),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${String(value).trim()}\n`)
    .join('')

/**
 * This keeps signing keys by secret, day and region, because their four HMACs are the same for every request of a day.
 */
const signingKeys = new Map<string, Buffer>()

const signingKey = (secret: string, date: string, region: string): Buffer => {
  const id = `${date}/${region}/${secret}`
  const known = signingKeys.get(id)
  if (known !== undefined) return known
  const step = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const key = step(step(step(step(`aliyun_v4${secret}`, date), region), 'oss'), 'aliyun_v4_request')
  // A client may name any day and region, so the memory must not grow with what clients say.
  if (signingKeys.size >= 16) signingKeys.clear()
  signingKeys.set(id, key)
  return key
}

/**
 * Returns the V4 signatures that a holder of the secret may have sent. SDKs disagree whether an empty value
 * (`?prefix=`) keeps its equals sign in the canonical query, and OSS accepts both.
 */
export const expectedV4 = (
  method: string,
  address: Address,
  headers: IncomingHttpHeaders,
  authorization: V4Authorization,
  secret: string,
): readonly ExpectedSignature[] => {
  const { date, region, additionalHeaders } = authorization
  const key = signingKey(secret, date, region)
  const queries = new Set([canonicalQuery(address.query, true), canonicalQuery(address.query, false)])
  return [...queries].map((query) => {
    const canonicalRequest = [
      method,
      canonicalUri(address),
      query,
      canonicalHeaders(headers, additionalHeaders),
      additionalHeaders.join(';'),
      headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    ].join('\n')
    const stringToSign = [
      'OSS4-HMAC-SHA256',
      headers['x-oss-date'],
      `${date}/${region}/oss/aliyun_v4_request`,
      createHash('sha256').update(canonicalRequest, 'latin1').digest('hex'),
    ].join('\n')
    return { signature: createHmac('sha256', key).update(stringToSign).digest('hex'), stringToSign }
  })
}
