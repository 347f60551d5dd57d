import { setMaxListeners } from 'node:events'

/**
 * Returns a signal that aborts as soon as one of the signals does. Every request in flight listens to it, so many
 * listeners at once are no leak.
 */
export const joinSignals = (...signals: AbortSignal[]): AbortSignal => {
  const joined = AbortSignal.any(signals)
  setMaxListeners(0, joined)
  return joined
}
