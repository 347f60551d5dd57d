import { longestTimerMs } from '../../core/units.js'
import type { Clock } from '../../ports/clock.js'

/**
 * Returns the machine's clock. Its sleeps keep no process alive, and a sleep that is longer than one timer can be is
 * made of several timers.
 */
export const createSystemClock = (): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const endsAt = performance.now() + ms
      let timer: NodeJS.Timeout
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const arm = (): void => {
        const left = endsAt - performance.now()
        if (left <= 0) {
          signal?.removeEventListener('abort', onAbort)
          resolve()
          return
        }
        timer = setTimeout(arm, Math.min(Math.ceil(left), longestTimerMs))
        timer.unref()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      arm()
    })
  },
})
