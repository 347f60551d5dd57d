import type { FastifyRequest } from 'fastify'
import { AppError } from '../../core/app-error.js'
import type { Clock } from '../../ports/clock.js'

const windowMs = 60_000

/**
 * Limits how many requests of one token's name are answered in a minute, against clients that run wild; null sets no limit.
 * Returns a function that throws `rate_limited`, with the seconds to wait. The minute of a name begins with its first
 * request.
 */
export const limitRates = (
  clock: Pick<Clock, 'monotonic'>,
  perMinute: number | null,
): ((request: FastifyRequest) => void) => {
  /** One entry for each name, and the names come from the settings, so there are only a few. */
  const windows = new Map<string, { asked: number; readonly endsAt: number }>()

  return ({ caller }) => {
    if (perMinute === null) return
    const name = caller.name ?? ''
    const now = clock.monotonic()
    let window = windows.get(name)
    if (window === undefined || window.endsAt <= now) {
      window = { asked: 0, endsAt: now + windowMs }
      windows.set(name, window)
    }
    window.asked += 1
    if (window.asked <= perMinute) return
    throw new AppError('rate_limited', `This token sent more than ${perMinute} requests in a minute; wait a while.`, {
      retryAfterSeconds: Math.max(1, Math.ceil((window.endsAt - now) / 1000)),
    })
  }
}
