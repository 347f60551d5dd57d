import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../../core/app-error.js'

/**
 * Limits how many requests of one token's name are answered in a minute, against clients that run wild; null sets no limit.
 * Returns a function that throws `rate_limited`, with the seconds to wait. The library only counts, because the headers that
 * it would send follow an older draft.
 */
export const limitRates = async (
  app: FastifyInstance,
  perMinute: number | null,
): Promise<(request: FastifyRequest) => Promise<void>> => {
  if (perMinute === null) return async () => undefined
  // Most daemons set no limit, and need not load what counts.
  const { default: rateLimit } = await import('@fastify/rate-limit')
  await app.register(rateLimit, { global: false })
  const count = app.createRateLimit({
    max: perMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => request.caller.name ?? '',
  })
  return async (request) => {
    const answer = await count(request)
    if (answer.isAllowed || !answer.isExceeded) return
    throw new AppError('rate_limited', `This token sent more than ${perMinute} requests in a minute; wait a while.`, {
      retryAfterSeconds: Math.max(1, answer.ttlInSeconds),
    })
  }
}
