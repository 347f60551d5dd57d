import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, EventsFilter } from './api.js'
import { DaemonUnreachable, ProblemError } from './http-client.js'
import { createSseParser, type SseMessage } from './sse-parser.js'

export type StreamItem =
  /** Connected; what happened before without our hearing of it has to be looked up, unless `resumed` from the last event. */
  | { readonly kind: 'open'; readonly resumed: boolean }
  | { readonly kind: 'message'; readonly message: SseMessage }
  /** The connection is gone; reconnecting goes on until `graceMs` have passed. Told once per outage. */
  | { readonly kind: 'outage'; readonly reason: string }

export interface EventStreamOptions {
  readonly filter: EventsFilter
  readonly signal: AbortSignal
  /** How long the daemon may stay away before DaemonUnreachable is thrown. */
  readonly graceMs: number
}

const firstPauseMs = 100
const longestPauseMs = 2_000

/** A daemon that restarts, or a proxy in front of one that does, answers like this for a while. */
export const isPassing = (error: unknown): error is Error =>
  error instanceof DaemonUnreachable || (error instanceof ProblemError && error.problem.status >= 500)

/**
 * The daemon's events, across restarts of the daemon: reconnects with the last event's id. Ends never by itself; throws
 * the signal's reason when aborted, and ProblemError for answers that trying again cannot change.
 */
export async function* followEvents(api: Api, options: EventStreamOptions): AsyncGenerator<StreamItem> {
  const { filter, signal, graceMs } = options
  let lastEventId: string | null = null
  let awaySince: number | null = null
  let pauseMs = firstPauseMs
  for (;;) {
    let reason = 'the daemon ended the stream'
    try {
      const chunks = await api.events(filter, lastEventId, signal)
      awaySince = null
      yield { kind: 'open', resumed: lastEventId !== null }
      const parse = createSseParser()
      for await (const chunk of chunks) {
        pauseMs = firstPauseMs
        for (const message of parse(chunk)) {
          // `reset` says that our id is worth nothing there; its own id, if any, is.
          if (message.id !== null) lastEventId = message.id
          else if (message.event === 'reset') lastEventId = null
          yield { kind: 'message', message }
        }
      }
    } catch (error) {
      if (!isPassing(error)) throw error
      if (awaySince !== null && performance.now() - awaySince > graceMs) throw error
      reason = error.message
    }
    if (awaySince === null) {
      awaySince = performance.now()
      yield { kind: 'outage', reason }
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}
