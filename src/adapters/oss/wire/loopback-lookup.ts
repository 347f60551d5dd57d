import { type LookupAddress, type LookupOptions, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

const loopback: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/**
 * Looks names up. `localhost` and the names below it are loopback (RFC 6761) whatever the resolver says, because
 * resolvers disagree about them, and `bucket.localhost` must reach a local endpoint.
 */
export const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  if (!/(^|\.)localhost\.?$/i.test(hostname)) return lookup(hostname, options as LookupOptions, callback)
  const [{ address, family } = { address: '127.0.0.1', family: 4 }] = loopback
  // The answer comes in a later turn, as the system's answer would.
  process.nextTick(() => (options.all === true ? callback(null, loopback) : callback(null, address, family)))
}
