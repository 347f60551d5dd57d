import { type LookupOptions, lookup } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'

/** Below the time after which servers close idle connections, so that a request rarely meets one being closed. */
const freeSocketMs = 15_000

/** Names below `localhost` are loopback (RFC 6761), but resolvers disagree; `bucket.localhost` must reach a local endpoint. */
const loopbackLookup: LookupFunction = (hostname, options, callback) => {
  const name = hostname.endsWith('.localhost') ? 'localhost' : hostname
  lookup(name, options as LookupOptions, callback)
}

/** Keep-alive connections of one owner, never shared with the rest of the process; so many of them are kept when idle. */
export const createAgent = (
  protocol: 'http:' | 'https:',
  maxFreeSockets: number,
  maxSockets = maxFreeSockets,
): HttpAgent => {
  const options = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets,
    timeout: freeSocketMs,
    lookup: loopbackLookup,
  }
  return protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
}
