import { type Api, createApi } from './client/api.js'
import { readConnection } from './client/connection.js'
import { createHttpClient } from './client/http-client.js'
import { type CliIo, type Console, createConsole } from './console.js'
import { listenForInterrupt } from './interrupt.js'
import { joinSignals } from './join-signals.js'

/** A command works with these things. */
export interface CommandContext {
  readonly api: Api
  readonly console: Console
  /** Aborts at Ctrl-C (Interrupted), or when no program reads stdout any more. */
  readonly signal: AbortSignal
}

/** A command that waits tolerates a daemon that is away for so long, which is enough for a restart and a slow start. */
export const graceMs = 120_000

/** Lends a context to `work` and takes it back, however the work ends. */
export const withDaemon = async (io: CliIo, work: (context: CommandContext) => Promise<void>): Promise<void> => {
  const client = createHttpClient(readConnection(io.env))
  const console = createConsole(io)
  const interrupt = listenForInterrupt()
  const signal = joinSignals(interrupt.signal, console.closed)
  try {
    await work({ api: createApi(client), console, signal })
  } finally {
    interrupt.release()
    await client.close()
  }
}
