import type { Clock } from '../../src/ports/clock.js'

export interface ManualClock extends Clock {
  /** Lets time pass. Each sleeper whose sleep ends meanwhile goes on in its turn. */
  advance(ms: number): Promise<void>
  /** Moves the wall clock by so much. Nothing else notices. */
  jump(ms: number): void
}

interface Sleeper {
  readonly at: number
  wake(): void
}

/** Waits for some rounds of the event loop, so that a sleeper that was woken can go on. */
const settle = async (): Promise<void> => {
  for (let round = 0; round < 5; round++) await new Promise(setImmediate)
}

/** Creates a clock whose time passes only when the test says so. */
export const createManualClock = (startAt = Date.UTC(2026, 0, 1)): ManualClock => {
  let elapsed = 0
  let jumped = 0
  const sleepers = new Set<Sleeper>()
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
    async advance(ms) {
      const until = elapsed + ms
      await settle()
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.at - b.at)
        if (next === undefined || next.at > until) break
        elapsed = Math.max(elapsed, next.at)
        sleepers.delete(next)
        next.wake()
        await settle()
      }
      elapsed = until
    },
    jump(ms) {
      jumped += ms
    },
  }
}
