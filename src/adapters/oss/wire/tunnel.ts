import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { loopbackLookup } from './loopback-lookup.js'
import { type Destination, type Network, type ProxyAddress, tlsWith } from './network.js'

/** The way to an endpoint leads through a proxy and ended there. The error holds nothing of the proxy's credentials. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  /**
   * This is the code of a system, TLS or parser error. It is `PROXY_REFUSED` when the proxy answered with a status that
   * is not success.
   */
  readonly code: string
  readonly status: number | null

  constructor(code: string, status: number | null = null) {
    super(status === null ? code : `${code} (${status})`)
    this.code = code
    this.status = status
  }
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN')

const authorityOf = ({ hostname, port }: Destination): string =>
  isIP(hostname) === 6 ? `[${hostname}]:${port}` : `${hostname}:${port}`

const askFor = (proxy: ProxyAddress, destination: Destination, network: Network) => {
  const authority = authorityOf(destination)
  const options = {
    method: 'CONNECT',
    host: proxy.hostname,
    port: proxy.port,
    path: authority,
    setHost: false,
    agent: false,
    lookup: loopbackLookup,
  }
  const request =
    proxy.protocol === 'https:' ? httpsRequest({ ...options, ...tlsWith(proxy, network) }) : httpRequest(options)
  // The headers do not stand among the options, because Node.js prints those under NODE_DEBUG.
  request.setHeader('host', authority)
  if (proxy.authorization !== null) request.setHeader('proxy-authorization', proxy.authorization)
  return request
}

/** Returns a socket whose bytes go to the destination, by CONNECT. Rejects with ProxyError, or the signal's reason. */
const openTunnel = (
  proxy: ProxyAddress,
  destination: Destination,
  network: Network,
  signal: AbortSignal,
): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const request = askFor(proxy, destination, network)
    const onAbort = (): void => {
      reject(signal.reason)
      request.destroy()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      signal.removeEventListener('abort', onAbort)
      const refused = statusCode < 200 || statusCode > 299
      // Bytes that came with the answer cannot be the destination's, because the destination speaks second.
      if (!refused && head.length === 0) return resolve(socket)
      socket.destroy()
      reject(refused ? new ProxyError('PROXY_REFUSED', statusCode) : new ProxyError('EPROTO'))
    })
    request.on('error', (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(new ProxyError(codeOf(error)))
    })
    request.end()
  })

/** Waits until TLS is ready. Rejects with its error, or the signal's reason. */
const shakeHands = (socket: Socket, signal: AbortSignal): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => void socket.destroy(signal.reason)
    const onError = (error: Error): void => {
      signal.removeEventListener('abort', onAbort)
      reject(error)
    }
    socket.once('error', onError).once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
      resolve(socket)
    })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })

export interface TunnelOptions {
  readonly proxy: ProxyAddress
  readonly destination: Destination
  readonly network: Network
  /** This limits the whole way. */
  readonly connectMs: number
  /** Speaks TLS over the socket. */
  secure(tunnel: Socket): Socket
  readonly signal: AbortSignal
}

/**
 * Returns a connection to an https endpoint through a proxy, ready to be used. Rejects with ProxyError for what went
 * wrong up to the proxy's answer, with the error of TLS (its code is `TLS_TIMEOUT` when it stalled) for what came
 * after, or with the signal's reason. After a rejection nothing of the connection is open any more.
 */
export const dialThroughProxy = async (options: TunnelOptions): Promise<Socket> => {
  const { proxy, destination, network, connectMs, secure, signal } = options
  signal.throwIfAborted()
  const ended = new AbortController()
  const onAbort = (): void => ended.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let late: Error = new ProxyError('CONNECT_TIMEOUT')
  const timer = setTimeout(() => ended.abort(late), connectMs)
  try {
    const tunnel = await openTunnel(proxy, destination, network, ended.signal)
    late = Object.assign(new Error('The TLS handshake stalled'), { code: 'TLS_TIMEOUT' })
    return await shakeHands(secure(tunnel), ended.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
