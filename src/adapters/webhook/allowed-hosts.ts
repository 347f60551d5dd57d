/** Webhooks may reach this host whatever its scheme and address. Without a port every port of it is allowed. */
export interface AllowedHost {
  readonly hostname: string
  readonly port: number | null
}

/** Parses `host`, `host:port`, `[v6]` or `[v6]:port`. Returns null when the text is none of them. */
export const parseAllowedHost = (text: string): AllowedHost | null => {
  const withScheme = `http://${text}`
  if (!URL.canParse(withScheme)) return null
  const url = new URL(withScheme)
  const isBare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && !text.includes('/')
  if (!isBare || url.hostname === '') return null
  const [, port] = /:(\d+)$/.exec(text) ?? []
  return { hostname: url.hostname, port: port === undefined ? null : Number(port) }
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

const portOf = (url: URL): number => (url.port === '' ? (defaultPorts[url.protocol] ?? 0) : Number(url.port))

export const isAllowed = (allow: readonly AllowedHost[], url: URL): boolean =>
  allow.some(({ hostname, port }) => hostname === url.hostname && (port === null || port === portOf(url)))
