import type { Clock } from '../../../ports/clock.js'

/**
 * Requests are signed with this clock's time. It is our time until OSS says what its own time is. From then on it is
 * OSS's time, carried on by the monotonic clock, so that jumps of our wall clock have no effect.
 */
export interface SigningClock {
  /** Returns the time in milliseconds since the epoch. */
  now(): number
  /**
   * Takes over the time of an answer (its Date header, or the ServerTime of its body). Returns false when the text is
   * not a time.
   */
  correct(serverTime: string | null): boolean
}

export const createSigningClock = (clock: Clock): SigningClock => {
  /** This is added to the monotonic clock. It is null while our own time is trusted. */
  let epochMs: number | null = null
  return {
    now: () => (epochMs === null ? clock.now() : epochMs + clock.monotonic()),
    correct: (serverTime) => {
      const at = Date.parse(serverTime ?? '')
      if (Number.isNaN(at)) return false
      epochMs = at - clock.monotonic()
      return true
    },
  }
}
