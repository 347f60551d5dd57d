import { readFileSync } from 'node:fs'
import { plainValue } from '../../core/plain-value.js'
import { escapeText } from '../terminal/terminal-text.js'
import { ExitError, exitCodes } from './exit-error.js'

/** The variables that client commands read. */
export interface ClientEnvironment {
  readonly LONGSHORE_URL?: string | undefined
  readonly LONGSHORE_TOKEN?: string | undefined
  readonly LONGSHORE_TOKEN_FILE?: string | undefined
}

/** Where the daemon is and what opens its door. */
export interface Connection {
  /** As the user wrote it, safe to show. */
  readonly address: string
  readonly origin: string
  /** Put in front of every path; empty, or without a `/` at its end. */
  readonly basePath: string
  readonly socketPath: string | null
  readonly token: string | null
}

const defaultUrl = 'http://127.0.0.1:8484'

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

/** A header value may hold none; a token file saved on Windows or with a space behind it should still work. */
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
  // The daemon's file of `scope:token` lines, some with fields behind the token, serves its clients too.
  const line = (text.split('\n', 1)[0] ?? '').trim().replace(/^(?:read|submit|admin):(\S+).*$/, '$1')
  return checkToken(line, 'The first line of LONGSHORE_TOKEN_FILE')
}

/** Reads `LONGSHORE_URL`, `LONGSHORE_TOKEN` and `LONGSHORE_TOKEN_FILE`. Throws ExitError `usage` naming the bad one. */
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
