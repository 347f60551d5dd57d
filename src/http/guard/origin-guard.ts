import { isIP, type Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../core/app-error.js'

/** Returns the host name of a Host header or of an origin, without port and brackets; null when the text is neither. */
const hostnameOf = (authority: string): string | null => {
  if (!URL.canParse(`http://${authority}`)) return null
  const url = new URL(`http://${authority}`)
  if (url.username !== '' || url.password !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return null
  return url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}

/**
 * Returns whether a request came over a unix socket, where peers are not browsers. The listening server is asked, because a
 * peer that has gone has no address at all.
 */
const isUnixSocket = (socket: Socket & { readonly server?: { address?(): unknown } }): boolean =>
  typeof socket.server?.address?.() === 'string'

const isSameOrigin = (origin: string, host: string): boolean =>
  origin.toLowerCase() === `http://${host.toLowerCase()}` || origin.toLowerCase() === `https://${host.toLowerCase()}`

/**
 * Returns whether somebody followed a link on another site. It opens a tab of its own, of which the page with the link sees
 * nothing.
 */
const isFollowedLink = ({ method, headers, routeOptions }: FastifyRequest): boolean =>
  routeOptions.config?.linkable === true &&
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document'

/**
 * Keeps web pages of others away from a daemon that a browser can reach. The Host allow-list stops DNS rebinding; a
 * foreign Origin or a cross-site fetch is refused whatever token it brings. There is no CORS. IP literals and
 * `localhost` are always allowed: no foreign page can be served under them.
 */
export const guardOrigin = (app: FastifyInstance, allowedHosts: readonly string[]): void => {
  const allowed = new Set(['localhost', ...allowedHosts.map((host) => hostnameOf(host) ?? host.toLowerCase())])

  /** The last Host that was judged, because nearly all requests have the same. */
  let last = { host: '', isOurs: false }
  const isOurs = (host: string): boolean => {
    if (host !== last.host) {
      const name = hostnameOf(host)
      last = { host, isOurs: name !== null && (isIP(name) !== 0 || allowed.has(name)) }
    }
    return last.isOurs
  }

  const assertHost = ({ headers: { host }, raw }: FastifyRequest): void => {
    if ((host !== undefined && isOurs(host)) || isUnixSocket(raw.socket)) return
    if (host === undefined) throw new AppError('invalid_request', 'A Host header is required.')
    throw new AppError('misdirected', 'This host name is not one of ours; LONGSHORE_ALLOWED_HOSTS can add it.')
  }

  app.addHook('onRequest', (request, _reply, done) => {
    const { host, origin } = request.headers
    assertHost(request)
    if (origin !== undefined && !isSameOrigin(origin, host ?? '')) {
      throw new AppError('forbidden', 'Requests from web pages of other origins are refused.')
    }
    if (request.headers['sec-fetch-site'] === 'cross-site' && !isFollowedLink(request)) {
      throw new AppError('forbidden', 'Requests from web pages of other sites are refused.')
    }
    done()
  })
}
