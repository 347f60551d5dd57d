import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../ports/clock.js'
import type { Token } from '../ports/tokens.js'

const lifetimeMs = 12 * 3_600_000
/** The oldest give way: nobody can fill the memory with sessions. */
const mostSessions = 1_000
const cookieName = 'longshore_session'

/** Pages of our own origin that were given a cookie for a token. Kept in memory: a restart ends them all. */
export interface Sessions {
  /** The value of a Set-Cookie header; `secure` where the page came by https. */
  open(token: Token, secure: boolean): string
  /** The hash of the token behind the cookies of a request, or null. */
  tokenHash(cookieHeader: string | undefined): Buffer | null
  /** Ends the session of a request, if it has one. The value of a Set-Cookie header. */
  close(cookieHeader: string | undefined): string
}

/** Only its hash is kept, as with tokens. */
const keyOf = (id: string): string => createHash('sha256').update(id).digest('hex')

const idIn = (cookieHeader: string | undefined): string | null => {
  const cookies = (cookieHeader ?? '').split(';').map((cookie) => cookie.trim())
  return cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) ?? null
}

const attributes = 'Path=/; HttpOnly; SameSite=Strict'

export const createSessions = (clock: Clock): Sessions => {
  const sessions = new Map<string, { readonly tokenHash: Buffer; readonly endsAt: number }>()

  return {
    open({ hash }, secure) {
      const id = randomBytes(32).toString('base64url')
      const [oldest] = sessions.keys()
      if (sessions.size >= mostSessions && oldest !== undefined) sessions.delete(oldest)
      sessions.set(keyOf(id), { tokenHash: hash, endsAt: clock.monotonic() + lifetimeMs })
      return `${cookieName}=${id}; Max-Age=${lifetimeMs / 1000}; ${attributes}${secure ? '; Secure' : ''}`
    },
    tokenHash(cookieHeader) {
      const id = idIn(cookieHeader)
      if (id === null) return null
      const key = keyOf(id)
      const session = sessions.get(key)
      if (session === undefined) return null
      if (session.endsAt > clock.monotonic()) return session.tokenHash
      sessions.delete(key)
      return null
    },
    close(cookieHeader) {
      const id = idIn(cookieHeader)
      if (id !== null) sessions.delete(keyOf(id))
      return `${cookieName}=; Max-Age=0; ${attributes}`
    },
  }
}
