import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openDatabase } from '../../../src/adapters/sqlite/thread/open.js'
import { openSqliteStore, type SqliteStoreDeps } from '../../../src/adapters/sqlite/thread/sqlite-store.js'
import type { Clock } from '../../../src/ports/clock.js'
import type { Logger } from '../../../src/ports/logger.js'
import type { Store } from '../../../src/ports/store.js'
import type { Wakeup } from '../../../src/ports/wakeup.js'
import { compiledThread } from '../../house/compiled-thread.js'

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: () => Promise.reject(new Error('nobody sleeps')),
}

export const deafWakeup: Wakeup = { notify: () => undefined, subscribe: () => () => undefined }

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Record<string, unknown>
  readonly message: string
}

export const createMemoryLogger = (lines: LogLine[] = []): Logger => {
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return logger
}

export interface TemporaryDirectory {
  readonly path: string
  remove(): void
}

export const makeTemporaryDirectory = (): TemporaryDirectory => {
  const path = mkdtempSync(join(tmpdir(), 'longshore-store-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Opens an empty database in this thread. It is closed and removed when the test is over. */
export const openTestDatabase = () => {
  const directory = makeTemporaryDirectory()
  const open = openDatabase({ directory: directory.path, node: 'node', at: 0 })
  onTestFinished(() => {
    open.close()
    directory.remove()
  })
  return open
}

export const openStore = (directory: string, deps: Partial<SqliteStoreDeps> = {}): Promise<Store> =>
  openSqliteStore({
    directory,
    node: 'node',
    clock: systemClock,
    wakeup: deafWakeup,
    logger: createMemoryLogger(),
    threadUrl: compiledThread('adapters/sqlite/thread/store-thread.js', ['src/adapters/sqlite', 'src/core']),
    ...deps,
  })
