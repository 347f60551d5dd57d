import { readFileSync } from 'node:fs'
import { plainValue } from '../../core/plain-value.js'
import { escapeText } from '../terminal/terminal-text.js'
import { ExitError, exitCodes } from './exit-error.js'

/** The client commands read these variables. */
export interface ClientEnvironment {
  readonly LONGSHORE_URL?: string | undefined
  readonly LONGSHORE_TOKEN?: string | undefined
  readonly LONGSHORE_TOKEN_FILE?: string | undefined
}

/** This says where the daemon is and which token it accepts. */
export interface Connection {
  /** This is the address as the user wrote it. It is safe to show. */
  readonly address: string
  readonly origin: string
  /** This is put in front of every path. It is empty, or has no `/` at its end. */
  readonly basePath: string
  readonly socketPath: string | null
  readonly token: string | null
}

const defaultUrl = 'http://127.0.0.1:8484'

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

/**
 * Only visible ASCII characters make a token, because a header value may hold no others. A token file that was saved on
 * Windows, or with a space behind the token, still works.
 */
const visible = /^[\x21-\x7e]+$/

const checkToken = (token: string, from: string): string => {
  if (!visible.test(token)) throw usage(`${from} holds no usable token: only visible ASCII characters make one.`)
  return token
}

const readToken = (env: ClientEnvironment): string | null => {
  const direct = plainValue(env.LONGSHORE_TOKEN ?? '')
  if (direct) return checkToken(direct, 'LONGSHORE_TOKEN')
  const file = plainValue(env.LONGSHORE_TOKEN_FILE ?? '')
  if (!file) return null
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw usage(`LONGSHORE_TOKEN_FILE ${escapeText(file)} cannot be read: ${code}.`)
  }
  // A daemon's file of `scope:token` lines, some with fields behind the token, serves its clients too.
  const line = (text.split('\n', 1)[0] ?? '').trim().replace(/^(?:read|submit|admin):(\S+).*$/, '$1')
  return checkToken(line, 'The first line of LONGSHORE_TOKEN_FILE')
}

/**
 * Reads `LONGSHORE_URL`, `LONGSHORE_TOKEN` and `LONGSHORE_TOKEN_FILE`. Throws ExitError `usage` that names the variable
 * which is wrong.
 */
export const readConnection = (env: ClientEnvironment): Connection => {
  const address = plainValue(env.LONGSHORE_URL ?? '') || defaultUrl
  const token = readToken(env)
  const shown = escapeText(address)
  if (address.startsWith('unix:')) {
    const socketPath = address.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
    if (!socketPath.startsWith('/')) throw usage(`LONGSHORE_URL ${shown} must hold an absolute path behind unix:.`)
    return { address: shown, origin: 'http://localhost', basePath: '', socketPath, token }
  }
  const url = URL.parse(address)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.username !== '') {
    throw usage(`LONGSHORE_URL must be http://host:port, https://host or unix:/path, not ${shown}.`)
  }
  return { address: shown, origin: url.origin, basePath: url.pathname.replace(/\/+$/, ''), socketPath: null, token }
}
