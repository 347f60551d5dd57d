import type { Clock } from '../../src/ports/clock.js'

interface Sleeper {
  readonly at: number
  wake(): void
}

/** After so many rounds of the event loop nothing but time can go on, also where things pass through several rounds. */
const patientRounds = 20

export interface VirtualClock extends Clock {
  /** Moves the wall clock by so much. No sleeper notices. */
  jump(ms: number): void
  stop(): void
}

/**
 * Creates a clock whose time passes only when all are asleep: then it jumps to the next sleeper. Stop it at the end of
 * a test.
 */
export const createVirtualClock = (
  startAt = Date.UTC(2026, 0, 1),
  quietRounds: number = patientRounds,
): VirtualClock => {
  let elapsed = 0
  let jumped = 0
  let stopped = false
  const sleepers = new Set<Sleeper>()

  const tick = async (): Promise<void> => {
    while (!stopped) {
      for (let round = 0; round < quietRounds; round++) await new Promise(setImmediate)
      const [next] = [...sleepers].sort((a, b) => a.at - b.at)
      if (next === undefined) continue
      elapsed = Math.max(elapsed, next.at)
      sleepers.delete(next)
      next.wake()
    }
  }
  void tick()

  return {
    now: () => startAt + elapsed + jumped,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper: Sleeper = {
          at: elapsed + ms,
          wake() {
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        sleepers.add(sleeper)
      }),
    jump(ms) {
      jumped += ms
    },
    stop() {
      stopped = true
    },
  }
}
