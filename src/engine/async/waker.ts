import type { Clock } from '../../ports/clock.js'

/**
 * A waker is a sleep that can be ended from outside: by the signal, or by a poke, which is remembered when nothing
 * sleeps yet.
 */
export interface Waker {
  poke(): void
  /**
   * Resolves after `ms`, at the next poke, at once when there was a poke since the last wait began, or when the signal
   * aborts.
   */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** It ends a sleep. An abort without a reason would make one, with its stack, each time. */
const woken = new Error('The sleep was ended from outside')

/**
 * Loops that wait over and over beside a signal that lives as long as the daemon use this instead of AbortSignal.any,
 * because on Node 20 that keeps a trace of every composite with the long-lived signal.
 */
export const createWaker = (clock: Pick<Clock, 'sleep'>): Waker => {
  let poked = false
  let wake = (): void => {}
  return {
    poke() {
      poked = true
      wake()
    },
    async wait(ms, signal) {
      const ended = new AbortController()
      const end = (): void => ended.abort(woken)
      wake = end
      signal.addEventListener('abort', end, { once: true })
      if (poked || signal.aborted) end()
      await clock.sleep(ms, ended.signal).catch(() => {})
      signal.removeEventListener('abort', end)
      wake = () => {}
      poked = false
    },
  }
}
