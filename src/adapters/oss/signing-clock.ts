import type { Clock } from '../../ports/clock.js'

/** The time that requests are signed with: ours, corrected by what OSS said its own is. */
export interface SigningClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Takes over the time of an answer (its Date header, or ServerTime of its body). False when that is no time. */
  correct(serverTime: string | null): boolean
}

export const createSigningClock = (clock: Clock): SigningClock => {
  let offsetMs = 0
  return {
    now: () => clock.now() + offsetMs,
    correct: (serverTime) => {
      const at = Date.parse(serverTime ?? '')
      if (Number.isNaN(at)) return false
      offsetMs = at - clock.now()
      return true
    },
  }
}
