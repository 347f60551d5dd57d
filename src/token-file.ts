const scopes = ['read', 'submit', 'admin'] as const

/** A bearer token as it was configured. `name` says where it stands, for logs. */
export interface TokenText {
  readonly name: string
  readonly scope: (typeof scopes)[number]
  readonly token: string
}

const line = /^(read|submit|admin):(\S+)$/

/** Parses lines of `scope:token`; blank lines and `#` comments are passed over. Throws an Error that names the line, never the token. */
export const parseTokenFile = (text: string): readonly TokenText[] => {
  const tokens = text.split(/\r?\n/).flatMap((raw, index): TokenText[] => {
    const trimmed = raw.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    const match = line.exec(trimmed)
    if (match === null) throw new Error(`line ${index + 1} must be scope:token with scope read, submit or admin`)
    return [{ name: `line ${index + 1}`, scope: match[1] as TokenText['scope'], token: match[2] ?? '' }]
  })
  if (tokens.length === 0) throw new Error('holds no token')
  return tokens
}
