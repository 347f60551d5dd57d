import { isIPv4, isIPv6 } from 'node:net'

/** An address on which the daemon listens. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const hostAndPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/

/** Parses `host:port`, `[v6]:port` or `unix:/path`. Returns null when the text is none of them. */
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

/** Returns whether an address can be reached only from this machine. A unix socket counts, because its file mode guards it. */
export const isLoopback = (address: ListenAddress): boolean => {
  if (address.kind === 'unix') return true
  const host = address.host.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost') return true
  if (isIPv4(host)) return host.startsWith('127.')
  return isIPv6(host) && host === '::1'
}
