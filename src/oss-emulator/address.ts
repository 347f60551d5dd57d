import { isIP } from 'node:net'
import { OssError } from './oss-error.js'

/**
 * These are decoded query parameters. Null stands for a parameter without `=` (`?uploads`), which signatures tell apart
 * from an empty one.
 */
export type Query = ReadonlyMap<string, string | null>

/**
 * This is what a request is about, in whichever way it was addressed. Without a bucket it is about the service itself,
 * and without a key about the bucket itself.
 */
export interface Address {
  readonly bucket: string | null
  readonly key: string | null
  readonly query: Query
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new OssError('InvalidObjectName', { message: 'The request line is not valid percent-encoded UTF-8.' })
  }
}

const parseQuery = (text: string): Query => {
  const query = new Map<string, string | null>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const spaced = (part: string): string => decode(part.replaceAll('+', ' '))
    if (equals < 0) query.set(spaced(pair), null)
    else query.set(spaced(pair.slice(0, equals)), spaced(pair.slice(equals + 1)))
  }
  return query
}

/** Returns the Host header without its port and in lower case, and IPv6 without brackets. */
const hostName = (host: string): string => {
  const bracketed = /^\[([^\]]+)\]/.exec(host)
  if (bracketed !== null) return bracketed[1] ?? ''
  return host.replace(/:\d+$/, '').toLowerCase()
}

/** Returns true when the bucket stands in the path, because the Host is an IP or a single label such as `localhost`. */
export const isPathStyle = (host: string): boolean => {
  const name = hostName(host)
  return isIP(name) !== 0 || !name.includes('.')
}

/**
 * Returns whether a label begins the name of an endpoint, and so is not a bucket: `oss-cn-hangzhou.localhost`,
 * `oss.example.test`.
 */
const isEndpoint = (label: string): boolean => /^oss(-[a-z]{2}-[a-z0-9-]+)?$/.test(label)

export interface AddressKnowledge {
  /** This maps host names to the bucket that each belongs to. */
  readonly cnames: Readonly<Record<string, string>>
  /** Returns whether there is such a bucket, because a bucket may be named like an endpoint. */
  readonly isBucket: (name: string) => boolean
}

/**
 * Reads bucket and key from Host and request target. A Host that is the endpoint itself addresses the service, as for
 * ListBuckets. Dot segments are kept as they are, because to OSS they are part of the key.
 */
export const readAddress = (host: string, target: string, { cnames, isBucket }: AddressKnowledge): Address => {
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const query = parseQuery(mark < 0 ? '' : target.slice(mark + 1))
  const path = decode(rawPath.slice(1))

  const name = hostName(host)
  const cnameBucket = Object.hasOwn(cnames, name) ? cnames[name] : undefined
  if (cnameBucket !== undefined) return { bucket: cnameBucket, key: path || null, query }
  const label = name.slice(0, Math.max(name.indexOf('.'), 0))
  const isService = isPathStyle(host) || (isEndpoint(label) && !isBucket(label))
  if (!isService) return { bucket: label, key: path || null, query }

  const slash = path.indexOf('/')
  const bucket = slash < 0 ? path : path.slice(0, slash)
  const key = slash < 0 ? '' : path.slice(slash + 1)
  return { bucket: bucket || null, key: key || null, query }
}

export const isBucketName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)

/** Refuses names that OSS would not accept for a bucket. */
export const checkBucketName = (bucket: string): void => {
  if (!isBucketName(bucket)) throw new OssError('InvalidBucketName', { elements: { BucketName: bucket } })
}

/** Refuses names that OSS would not accept for an object. */
export const checkKey = (key: string): void => {
  const elements = { ObjectName: key }
  if (Buffer.byteLength(key) > 1023) {
    throw new OssError('InvalidObjectName', { message: 'The Length of Object name must be less than 1024.', elements })
  }
  if (key === '' || key.startsWith('/') || key.startsWith('\\')) throw new OssError('InvalidObjectName', { elements })
}
