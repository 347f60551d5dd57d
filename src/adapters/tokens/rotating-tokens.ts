import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { Token, Tokens } from '../../ports/tokens.js'
import { parseTokenLines, type TokenText } from './token-lines.js'

/** The file is small, so it is read each time: reading misses no change that its times would hide. */
const recheckMs = 1_000
const settleMs = 100

/**
 * Returns the real path, or the given path when it does not exist. A directory that does not exist yet still binds a
 * token: the token may reach nothing until the directory is made.
 */
const realOrGiven = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const tokenOf = ({ name, scope, token, roots, targets }: TokenText): Token => ({
  name,
  scope,
  hash: digest(token),
  roots: roots?.map(realOrGiven) ?? null,
  targets,
})

const reasonOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? message : `cannot be read: ${code}`
}

export interface RotatingTokens extends Tokens {
  /** Ends the looking at the file. It is idempotent. */
  close(): void
}

/**
 * Holds the tokens of the settings and of a file that may change. A new file takes effect within a second or two, as a
 * whole: a token that is no longer in it is dead. A file that is broken or gone leaves the last good tokens in force,
 * and the log complains once.
 */
export const createRotatingTokens = (deps: {
  readonly given: readonly TokenText[]
  /** This is the file as it was read at the start. */
  readonly file: { readonly path: string; readonly tokens: readonly TokenText[] } | null
  readonly clock: Clock
  readonly logger: Logger
}): RotatingTokens => {
  const { given, file, clock, logger } = deps
  const listeners = new Set<() => void>()
  const closing = new AbortController()
  let tokens = [...given, ...(file?.tokens ?? [])].map(tokenOf)
  let inForce = digest(JSON.stringify(file?.tokens ?? null))
  let complaint: string | null = null

  /**
   * Returns the text of the file once it looks the same twice, because a file that is being written in place could be
   * taken for a whole one.
   */
  const readStill = async (path: string): Promise<string> => {
    for (let text = await readFile(path, 'utf8'); ; ) {
      await clock.sleep(settleMs, closing.signal)
      const again = await readFile(path, 'utf8')
      if (again === text) return text
      text = again
    }
  }

  const isAsBefore = (text: string): boolean => digest(JSON.stringify(parseTokenLines(text))).equals(inForce)

  const reread = async (path: string): Promise<void> => {
    if (isAsBefore(await readFile(path, 'utf8'))) return
    const parsed = parseTokenLines(await readStill(path))
    tokens = [...given, ...parsed].map(tokenOf)
    inForce = digest(JSON.stringify(parsed))
    logger.info(
      { tokens: tokens.length },
      'The token file changed: its new tokens are valid from now on, and its old ones are not',
    )
    for (const listener of listeners) listener()
  }

  const complain = (error: unknown): void => {
    const reason = reasonOf(error)
    if (closing.signal.aborted || complaint === reason) return
    complaint = reason
    logger.error({ reason }, 'LONGSHORE_TOKEN_FILE is not valid: the tokens that it held before stay in force')
  }

  const watch = async (path: string): Promise<void> => {
    while (!closing.signal.aborted) {
      await reread(path).then(() => {
        complaint = null
      }, complain)
      await clock.sleep(recheckMs, closing.signal).catch(() => undefined)
    }
  }
  if (file !== null) void watch(file.path)

  return {
    needed: tokens.length > 0,
    current: () => tokens,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => closing.abort(),
  }
}
