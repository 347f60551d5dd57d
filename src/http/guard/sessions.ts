import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../ports/clock.js'
import type { Token, Tokens } from '../../ports/tokens.js'

const lifetimeMs = 12 * 3_600_000
/** So many closed sessions are remembered. The oldest are forgotten first, so that they cannot fill the memory. */
const mostClosed = 1_000
const cookieName = 'longshore_session'

/**
 * Sessions of the dashboard: a cookie stands for a token. A cookie says when it ends and is signed with the hash of its
 * token, so nothing has to be remembered: it outlives a restart of the daemon, and ends with its token. Only sessions that
 * were closed early are remembered, until a restart; the browser forgets the cookie itself.
 */
export interface Sessions {
  /** Returns the value of a Set-Cookie header. `secure` is set where the dashboard came by https. */
  open(token: Token, secure: boolean): string
  /** Returns the token behind the cookies of a request, or null. */
  find(cookieHeader: string | undefined): Token | null
  /** Ends the session of a request, if it has one. Returns the value of a Set-Cookie header. */
  close(cookieHeader: string | undefined): string
}

/** A cookie holds when it ends, in milliseconds since the epoch, then what makes it unique, then the signature of both. */
const endsBytes = 8
const signedBytes = endsBytes + 16
const cookieBytes = signedBytes + 32

const signatureOf = (signed: Buffer, token: Token): Buffer =>
  createHmac('sha256', token.hash).update('longshore session').update(signed).digest()

const cookieIn = (header: string | undefined): Buffer | null => {
  const cookies = (header ?? '').split(';').map((cookie) => cookie.trim())
  const text = cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) ?? ''
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === cookieBytes ? bytes : null
}

const attributes = 'Path=/; HttpOnly; SameSite=Strict'

export const createSessions = (clock: Pick<Clock, 'now'>, tokens: Pick<Tokens, 'current'>): Sessions => {
  /** The signed part of each closed cookie. */
  const closed = new Set<string>()

  const find = (header: string | undefined): Token | null => {
    const cookie = cookieIn(header)
    if (cookie === null || Number(cookie.readBigUInt64BE()) <= clock.now()) return null
    const signed = cookie.subarray(0, signedBytes)
    if (closed.has(signed.toString('hex'))) return null
    const signature = cookie.subarray(signedBytes)
    return tokens.current().find((token) => timingSafeEqual(signature, signatureOf(signed, token))) ?? null
  }

  return {
    open(token, secure) {
      const signed = Buffer.alloc(signedBytes)
      signed.writeBigUInt64BE(BigInt(clock.now() + lifetimeMs))
      randomBytes(signedBytes - endsBytes).copy(signed, endsBytes)
      const value = Buffer.concat([signed, signatureOf(signed, token)]).toString('base64url')
      return `${cookieName}=${value}; Max-Age=${lifetimeMs / 1000}; ${attributes}${secure ? '; Secure' : ''}`
    },
    find,
    close(header) {
      const cookie = find(header) === null ? null : cookieIn(header)
      if (cookie !== null) {
        const [oldest] = closed
        if (closed.size >= mostClosed && oldest !== undefined) closed.delete(oldest)
        closed.add(cookie.subarray(0, signedBytes).toString('hex'))
      }
      return `${cookieName}=; Max-Age=0; ${attributes}`
    },
  }
}
