import { setTimeout as sleep } from 'node:timers/promises'
import { DaemonUnreachable, ProblemError } from '../client/http-client.js'

export interface Patience {
  readonly signal: AbortSignal
  /** The daemon may stay away for so long once it has accepted something. */
  readonly graceMs: number
}

const retryMs = 500
const longestRetryMs = 10_000

/**
 * Returns a function that sends POSTs, which must carry idempotency keys. A POST is repeated when the daemon asks to
 * slow down, or goes away after it had accepted an earlier one. It throws DaemonUnreachable when the daemon never
 * answered or stays away, ProblemError for refusals, and the signal's reason.
 */
export const createPatientSubmit = ({ signal, graceMs }: Patience): (<T>(post: () => Promise<T>) => Promise<T>) => {
  let accepted = false
  return async (post) => {
    let awaySince: number | null = null
    for (;;) {
      try {
        const answer = await post()
        accepted = true
        return answer
      } catch (error) {
        let pauseMs = retryMs
        if (error instanceof DaemonUnreachable) {
          awaySince ??= performance.now()
          if (!accepted || performance.now() - awaySince > graceMs) throw error
        } else if (error instanceof ProblemError && error.problem.status === 429) {
          awaySince = null
          pauseMs = Math.min(error.problem.retryAfterMs ?? retryMs, longestRetryMs)
        } else {
          throw error
        }
        await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    }
  }
}
