import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../src/ports/clock.js'

export interface FastClock extends Clock {
  /** Makes time jump ahead. Each sleeper wakes a little late. */
  jump(ms: number): void
}

/**
 * Creates a clock that runs so many times as fast as the machine's, so that backoffs pass while real requests take real
 * time.
 */
export const createFastClock = (speed: number): FastClock => {
  const startedAt = Date.now()
  const started = performance.now()
  let jumped = 0
  const elapsed = (): number => (performance.now() - started) * speed + jumped
  return {
    now: () => startedAt + elapsed(),
    monotonic: elapsed,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      try {
        await sleep(ms / speed, undefined, signal === undefined ? {} : { signal })
      } catch {
        throw signal?.reason
      }
    },
    jump(ms) {
      jumped += ms
    },
  }
}
