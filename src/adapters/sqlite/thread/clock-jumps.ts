import type { Statements } from '../sql/statements.js'

/** Smaller differences come from a clock that is slewed, and from rounding. */
const jumpMs = 1_000
/**
 * Only a `notBefore` waits for longer. Any other instant that is further away was written by a clock that has been set
 * back since.
 */
const longestWaitMs = 60 * 60 * 1000
const longestWebhookWaitMs = 4 * 60 * 60 * 1000

/**
 * Leases and backoffs are durations. They are stored as instants of the wall clock, because a backoff outlives the process.
 * So they are moved along when that clock is set, and neither end early nor freeze. A `notBefore` is an instant that a
 * person chose, and stays. Every method runs in the transaction of the caller.
 */
export interface ClockJumps {
  /** `wallOffset` is the wall clock less the monotonic one at the instant `at`. */
  follow(at: number, wallOffset: number): void
  /** Says that the transaction is durable. */
  keep(): void
  /** Says that the transaction was rolled back. */
  undo(): void
}

export const createClockJumps = (statements: Statements): ClockJumps => {
  let kept: number | null = null
  let followed: number | null = null
  return {
    follow(at, wallOffset) {
      if (followed === null) {
        // It is not known what happened to the clock while no daemon was running.
        statements.boundWaits.run({ latest: at + longestWaitMs })
        statements.boundWebhooks.run({ latest: at + longestWebhookWaitMs })
        followed = wallOffset
        return
      }
      const by = Math.round(wallOffset - followed)
      if (Math.abs(by) < jumpMs) return
      statements.shiftLeases.run({ by })
      statements.shiftChores.run({ by })
      statements.shiftWaits.run({ by })
      statements.shiftWebhooks.run({ by })
      statements.shiftWebhookLeases.run({ by })
      followed = wallOffset
    },
    keep() {
      kept = followed
    },
    undo() {
      followed = kept
    },
  }
}
