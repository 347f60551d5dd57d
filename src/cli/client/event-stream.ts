import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, EventsFilter } from './api.js'
import { DaemonUnreachable, ProblemError } from './http-client.js'
import { createSseParser, type SseMessage } from './sse-parser.js'

export type StreamItem =
  /**
   * The stream is connected. Events that were missed before must be looked up, unless the stream `resumed` from the
   * last event.
   */
  | { readonly kind: 'open'; readonly resumed: boolean }
  | { readonly kind: 'message'; readonly message: SseMessage }
  /**
   * The connection is gone. The stream tries to reconnect until `graceMs` have passed. This item comes once per outage.
   */
  | { readonly kind: 'outage'; readonly reason: string }

export interface EventStreamOptions {
  readonly filter: EventsFilter
  readonly signal: AbortSignal
  /** After the daemon has been away for so long, DaemonUnreachable is thrown. */
  readonly graceMs: number
}

const firstPauseMs = 100
const longestPauseMs = 2_000

/**
 * Returns whether an error may pass. A daemon that restarts, or a proxy in front of one that does, answers like this
 * for a while.
 */
export const isPassing = (error: unknown): error is Error =>
  error instanceof DaemonUnreachable || (error instanceof ProblemError && error.problem.status >= 500)

/**
 * Yields the daemon's events, across restarts of the daemon: it reconnects with the last event's id. It never ends by
 * itself. It throws the signal's reason when aborted, and ProblemError for answers that another try cannot change.
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
          // `reset` says that our id means nothing there. If the message has an id of its own, that one is valid.
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
