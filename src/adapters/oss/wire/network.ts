import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext, rootCertificates } from 'node:tls'
import { bare, type Place, portOf } from './addressing.js'
import { createExemption } from './no-proxy.js'

/** How connections leave this machine, as the settings say it. */
export interface NetworkSettings {
  /** For endpoints that speak http. User name and password may stand in it. */
  readonly httpProxy: URL | null
  /** For endpoints that speak https. */
  readonly httpsProxy: URL | null
  /** The entries of NO_PROXY. */
  readonly noProxy: readonly string[]
  /** Certificates in PEM that are trusted beside the roots of Node.js. */
  readonly ca: string | null
}

export interface ProxyAddress {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** The value of Proxy-Authorization: a secret. */
  readonly authorization: string | null
}

export type Destination = Pick<Place, 'protocol' | 'hostname' | 'port'>

/** A place and the proxy, if any, that requests to it are handed to whole because its endpoint speaks plain http. */
export interface Route extends Place {
  readonly forwarder: ProxyAddress | null
}

export interface Network {
  /** The proxy on the way to a destination; null when it is dialled directly. Always the same for the same destination. */
  proxyFor(destination: Destination): ProxyAddress | null
  /** How TLS is spoken, with whomever. */
  readonly tls: Readonly<ConnectionOptions>
}

/** TLS with the proxy itself. */
export const tlsWith = ({ hostname }: ProxyAddress, { tls }: Network): ConnectionOptions => ({
  ...tls,
  servername: isIP(hostname) === 0 ? hostname : '',
})

export const routeTo = (place: Place, network: Network): Route => ({
  ...place,
  forwarder: place.protocol === 'http:' ? network.proxyFor(place) : null,
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
      // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn it off.
      rejectUnauthorized: true,
      // Made once: parsing all the roots takes longer than a handshake.
      ...(ca === null ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) }),
    },
  }
}
