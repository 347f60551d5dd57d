import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { loopbackLookup } from './loopback-lookup.js'
import { type Network, tlsWith } from './network.js'
import { dialThroughProxy, ProxyError } from './tunnel.js'

/**
 * This lies below the time after which servers close idle connections, so that a request rarely meets a connection that
 * is being closed.
 */
const freeSocketMs = 15_000

export interface AgentOptions {
  readonly protocol: 'http:' | 'https:'
  readonly network: Network
  /**
   * This is the time for the way through a proxy, up to a connection that can be used. Without a proxy the request
   * itself watches the time.
   */
  readonly connectMs: number
  readonly maxFreeSockets: number
  /** This is the number of connections to one host, beside those that are still being made through a proxy. */
  readonly maxSockets?: number
}

/**
 * Creates the keep-alive connections of one owner. They are never shared with the rest of the process, and
 * `maxFreeSockets` of them are kept when idle.
 */
export const createAgent = (options: AgentOptions): HttpAgent => {
  const { protocol, network, connectMs, maxFreeSockets, maxSockets = maxFreeSockets } = options
  const pool = { keepAlive: true, maxSockets, maxFreeSockets, timeout: freeSocketMs, lookup: loopbackLookup }
  const agent = protocol === 'https:' ? new HttpsAgent({ ...pool, ...network.tls }) : new HttpAgent(pool)

  // A request that was given up before its connection came returns the connection unused. Node.js 24 keeps such a
  // connection, also one that is still being made, where older releases close it. No request waits for it, so it is
  // closed on all of them.
  agent.on('free', (socket: Socket) => {
    if (socket.bytesWritten > 0) return
    const isKept = Object.values(agent.freeSockets).some((sockets) => sockets?.includes(socket))
    if (isKept) socket.destroy()
  })

  const direct = agent.createConnection.bind(agent)
  const destroy = agent.destroy.bind(agent)
  const closing = new AbortController()
  agent.createConnection = (connection, callback) => {
    const destination = { protocol, hostname: connection.host ?? '', port: Number(connection.port) }
    const proxy = network.proxyFor(destination)
    if (proxy === null) return direct(connection, callback)
    const { hostname: host, port } = proxy
    // A request to an http endpoint is handed to the proxy whole, so a connection to the proxy is all that it needs.
    if (protocol === 'http:' && proxy.protocol === 'http:') return direct({ ...connection, host, port }, callback)
    if (protocol === 'http:') return tlsConnect({ host, port, lookup: loopbackLookup, ...tlsWith(proxy, network) })
    const secure = (tunnel: Socket): Socket => direct({ ...connection, socket: tunnel } as typeof connection) as Socket
    dialThroughProxy({ proxy, destination, network, connectMs, secure, signal: closing.signal }).then(
      (socket) => callback?.(null, socket),
      (error: Error) => callback?.(error, undefined as never),
    )
    return undefined
  }
  agent.destroy = () => {
    closing.abort(new ProxyError('ECONNABORTED'))
    destroy()
  }
  return agent
}
