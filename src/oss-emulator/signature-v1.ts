import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Address } from './address.js'

/** These query parameters belong to the resource that a V1 signature names. Every other parameter is left out of it. */
const subResources = new Set([
  'acl',
  'append',
  'bucketInfo',
  'callback',
  'callback-var',
  'cname',
  'comp',
  'continuation-token',
  'cors',
  'delete',
  'encryption',
  'lifecycle',
  'live',
  'location',
  'logging',
  'objectMeta',
  'partNumber',
  'policy',
  'position',
  'qos',
  'referer',
  'replication',
  'requestPayment',
  'restore',
  'security-token',
  'sequential',
  'stat',
  'status',
  'symlink',
  'tagging',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
])

const isSubResource = (name: string): boolean =>
  subResources.has(name) || name.startsWith('response-') || name.startsWith('x-oss-')

/** Node hands headers over as latin1, and keys come as UTF-8. One string of bytes holds both. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const resource = ({ bucket, key, query }: Address): string => {
  const path = bucket === null ? '/' : `/${bucket}/${key ?? ''}`
  const named = [...query.entries()]
    .filter(([name]) => isSubResource(name))
    .sort(([a], [b]) => byName(a, b))
    .map(([name, value]) => (value ? `${name}=${value}` : name))
  return asBytes(named.length === 0 ? path : `${path}?${named.join('&')}`)
}

export interface ExpectedSignature {
  readonly signature: string
  readonly stringToSign: string
}

/** Returns the V1 signature (`Authorization: OSS id:signature`) that a holder of the secret would have sent. */
export const expectedV1 = (
  method: string,
  address: Address,
  headers: IncomingHttpHeaders,
  secret: string,
): ExpectedSignature => {
  const ossHeaders = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(([a], [b]) => byName(a, b))
    .map(([name, value]) => `${name}:${String(value).trim()}\n`)
    .join('')
  const stringToSign = [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers['x-oss-date'] ?? headers.date ?? '',
    ossHeaders + resource(address),
  ].join('\n')
  return { signature: createHmac('sha1', secret).update(stringToSign, 'latin1').digest('base64'), stringToSign }
}
