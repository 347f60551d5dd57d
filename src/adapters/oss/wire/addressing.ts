import { isIP } from 'node:net'
import { Failure } from '../../../core/failure.js'
import { bucketProblem, strayingKeyProblem } from '../../../core/object-key.js'

/** Where the bucket's name stands: in the host name, in the path, or nowhere because the host name is the bucket's own. */
export const addressings = ['virtual', 'path', 'cname'] as const
export type Addressing = (typeof addressings)[number]

/** Where a request to a bucket is dialled, and the Host it names. */
export interface Place {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  readonly host: string
}

/** What is wrong with an endpoint, as a sentence that continues its name, or null. */
export const endpointProblem = (endpoint: URL): string | null => {
  if (endpoint.protocol !== 'http:' && endpoint.protocol !== 'https:') return 'must begin with http:// or https://'
  if (endpoint.username !== '' || endpoint.password !== '') return 'must not hold a user name or password'
  if (endpoint.pathname !== '/' || endpoint.search !== '' || endpoint.hash !== '')
    return 'must be a host without a path'
  return null
}

/** Without the brackets of an IPv6 literal, as sockets want it. */
export const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

export const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)

/** An IP address cannot carry the bucket in front, so there it stands in the path whatever was chosen for names. */
export const addressingOf = (endpoint: URL, chosen: Addressing): Addressing =>
  chosen === 'virtual' && isIP(bare(endpoint.hostname)) !== 0 ? 'path' : chosen

export const placeOf = (endpoint: URL, addressing: Addressing, bucket: string): Place => {
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
 * The last gate before a name becomes part of a URL. Names were checked when the job was accepted; one that could be
 * rewritten on its way (dot segments) would reach another object or bucket than the one that was signed. A null key is
 * that of a request to the bucket itself.
 */
export const refuseUnsafeNames = ({ bucket, key }: { readonly bucket: string; readonly key: string | null }): void => {
  const problem = bucketProblem(bucket) ?? (key === null ? null : strayingKeyProblem(key))
  if (problem !== null) {
    throw new Failure('permanent', `The target's name cannot be used: it ${problem}.`, { code: 'bad_request' })
  }
}
