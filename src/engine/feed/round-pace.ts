import type { Telling } from './audience.js'

/** A rest takes so many times as long as the round did, so that telling takes one part in eight of the thread. */
const restShare = 7
/**
 * Telling a listener costs a write to its socket, whether it is about one event or about ten, so news gathers for at
 * least so long for each listener. On a busy machine a round takes longer than it costs, so the rest has a limit too.
 */
const shortestRestMsPerListener = 0.05
const longestRestMsPerListener = 0.12
/** News is never held back for longer than this, however many listen. */
const longestRestMs = 1_000
/** A shorter rest is not worth a timer: a few listeners hear everything at once. */
const shortestRestMs = 1

/** Returns how long the next round of telling has to wait after this one. */
export const restMsAfter = ({ handed, tookMs }: Telling): number => {
  const shortest = handed * shortestRestMsPerListener
  if (shortest < shortestRestMs) return 0
  const longest = handed * longestRestMsPerListener
  return Math.min(longestRestMs, longest, Math.max(shortest, restShare * tookMs))
}
