import { isIP } from 'node:net'
import { Failure } from '../../../core/failure.js'
import { bucketProblem, strayingKeyProblem } from '../../../core/object-key.js'

/** The bucket's name stands in the host name, in the path, or nowhere because the host name is the bucket's own. */
export const addressings = ['virtual', 'path', 'cname'] as const
export type Addressing = (typeof addressings)[number]

/** This says where a request to a bucket is dialled, and which Host it names. */
export interface Authority {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  readonly host: string
}

/**
 * Returns what is wrong with an endpoint, as the end of a sentence that begins with its name. It is null when nothing
 * is wrong.
 */
export const endpointProblem = (endpoint: URL): string | null => {
  if (endpoint.protocol !== 'http:' && endpoint.protocol !== 'https:') return 'must begin with http:// or https://'
  if (endpoint.username !== '' || endpoint.password !== '') return 'must not hold a user name or password'
  if (endpoint.pathname !== '/' || endpoint.search !== '' || endpoint.hash !== '')
    return 'must be a host without a path'
  return null
}

/** Returns the host name without the brackets of an IPv6 literal, which is what sockets need. */
export const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

export const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)

/**
 * Returns the addressing in use. An IP address cannot carry the bucket in front, so there the bucket stands in the
 * path, whatever was chosen for names.
 */
export const addressingOf = (endpoint: URL, chosen: Addressing): Addressing =>
  chosen === 'virtual' && isIP(bare(endpoint.hostname)) !== 0 ? 'path' : chosen

export const authorityOf = (endpoint: URL, addressing: Addressing, bucket: string): Authority => {
  const protocol = endpoint.protocol === 'http:' ? 'http:' : 'https:'
  const prefix = addressing === 'virtual' ? `${bucket}.` : ''
  return {
    protocol,
    hostname: prefix + bare(endpoint.hostname),
    port: portOf(endpoint),
    host: prefix + endpoint.host,
  }
}

/**
 * Refuses names that must not become part of a URL. Names were checked when the job was accepted, and this is the last
 * check: a name that could be rewritten on its way (dot segments) would reach another object or bucket than the one
 * that was signed. A null key stands for a request to the bucket itself.
 */
export const refuseUnsafeNames = ({ bucket, key }: { readonly bucket: string; readonly key: string | null }): void => {
  const problem = bucketProblem(bucket) ?? (key === null ? null : strayingKeyProblem(key))
  if (problem !== null) {
    throw new Failure('permanent', `The target's name cannot be used: it ${problem}.`, { code: 'bad_request' })
  }
}
