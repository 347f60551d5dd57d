import { setMaxListeners } from 'node:events'

/** Aborts as soon as one of them does. Every request in flight listens to it: many listeners at once are no leak. */
export const joinSignals = (...signals: AbortSignal[]): AbortSignal => {
  const joined = AbortSignal.any(signals)
  setMaxListeners(0, joined)
  return joined
}
