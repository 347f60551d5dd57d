import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext, rootCertificates } from 'node:tls'
import { type Authority, bare, portOf } from './addressing.js'
import { createExemption } from './no-proxy.js'

/** These settings say how connections leave this machine. */
export interface NetworkSettings {
  /** This proxy serves endpoints that speak http. A user name and a password may stand in it. */
  readonly httpProxy: URL | null
  /** This proxy serves endpoints that speak https. */
  readonly httpsProxy: URL | null
  /** These are the entries of NO_PROXY. */
  readonly noProxy: readonly string[]
  /** These certificates in PEM are trusted beside the roots of Node.js. */
  readonly ca: string | null
}

export interface ProxyAddress {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** This is the value of Proxy-Authorization, which is a secret. */
  readonly authorization: string | null
}

export type Destination = Pick<Authority, 'protocol' | 'hostname' | 'port'>

/**
 * A route holds where to dial. Its forwarder is the proxy that gets whole requests because the endpoint speaks plain
 * http, or null.
 */
export interface Route extends Authority {
  readonly forwarder: ProxyAddress | null
}

export interface Network {
  /**
   * Returns the proxy on the way to a destination, or null when it is dialled directly. The answer is always the same
   * for the same destination.
   */
  proxyFor(destination: Destination): ProxyAddress | null
  /** These options hold for TLS with every peer. */
  readonly tls: Readonly<ConnectionOptions>
}

/** Returns the options for TLS with the proxy itself. */
export const tlsWith = ({ hostname }: ProxyAddress, { tls }: Network): ConnectionOptions => ({
  ...tls,
  servername: isIP(hostname) === 0 ? hostname : '',
})

export const routeTo = (authority: Authority, network: Network): Route => ({
  ...authority,
  forwarder: authority.protocol === 'http:' ? network.proxyFor(authority) : null,
})

const proxyOf = (url: URL): ProxyAddress => {
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return {
    protocol: url.protocol === 'https:' ? 'https:' : 'http:',
    hostname: bare(url.hostname),
    port: portOf(url),
    authorization: user === ':' ? null : `Basic ${Buffer.from(user).toString('base64')}`,
  }
}

export const createNetwork = ({ httpProxy, httpsProxy, noProxy, ca }: NetworkSettings): Network => {
  const isExempt = createExemption(noProxy)
  const proxies = {
    'http:': httpProxy === null ? null : proxyOf(httpProxy),
    'https:': httpsProxy === null ? null : proxyOf(httpsProxy),
  }
  return {
    proxyFor: ({ protocol, hostname, port }) => (isExempt(hostname, port) ? null : proxies[protocol]),
    tls: {
      // This is set explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn it off.
      rejectUnauthorized: true,
      // The context is made once, because parsing all the roots takes longer than a handshake.
      ...(ca === null ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) }),
    },
  }
}
