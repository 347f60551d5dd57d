import { isIPv4, isIPv6 } from 'node:net'

/** Where the daemon listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const hostAndPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/

/** Parses `host:port`, `[v6]:port` or `unix:/path`; null when it is none of them. */
export const parseListen = (text: string): ListenAddress | null => {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    return path.startsWith('/') ? { kind: 'unix', path } : null
  }
  const match = hostAndPort.exec(text)
  if (match === null) return null
  const port = Number(match[3])
  return port > 65_535 ? null : { kind: 'tcp', host: match[1] ?? match[2] ?? '', port }
}

/** Reachable only from this machine. A unix socket is: its file mode guards it. */
export const isLoopback = (address: ListenAddress): boolean => {
  if (address.kind === 'unix') return true
  const host = address.host.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost') return true
  if (isIPv4(host)) return host.startsWith('127.')
  return isIPv6(host) && host === '::1'
}
