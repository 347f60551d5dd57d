import type { Clock } from '../../../ports/clock.js'

/**
 * The time that requests are signed with: ours, until OSS says what its own is; from then on that one, carried on by the
 * monotonic clock, so that our wall clock may jump as it likes.
 */
export interface SigningClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Takes over the time of an answer (its Date header, or ServerTime of its body). False when that is no time. */
  correct(serverTime: string | null): boolean
}

export const createSigningClock = (clock: Clock): SigningClock => {
  /** What to add to the monotonic clock; null while ours is trusted. */
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
