/**
 * This is the number of requests that may be in flight towards one endpoint and bucket. It grows by a slow start, and
 * after that it increases additively and decreases multiplicatively. Times are monotonic milliseconds.
 */
export interface AdaptiveLimit {
  /** It is a real number, at least 1, so that many successes add up to one more. */
  readonly value: number
  /** It is the time of the last cut, and -Infinity until the limit is cut for the first time. */
  readonly cutAt: number
}

/**
 * The limit begins at an eighth of the most, because an endpoint that nobody has seen healthy yet may swallow
 * everything that it is given.
 */
export const startLimit = (most: number): AdaptiveLimit => ({
  value: Math.max(1, Math.floor(most / 8)),
  cutAt: Number.NEGATIVE_INFINITY,
})

/** Returns the limit after a success. It grows by one, or, once it was cut, by one for each full round of successes. */
export const raiseLimit = (limit: AdaptiveLimit, most: number): AdaptiveLimit => {
  const more = limit.cutAt === Number.NEGATIVE_INFINITY ? 1 : 1 / limit.value
  return { ...limit, value: Math.min(most, limit.value + more) }
}

/**
 * Returns the limit after OSS asked to slow down: half of what was in flight. A request that began before the last cut
 * was part of what that cut answered, so a whole round of refusals halves the limit once.
 */
export const cutLimit = (
  limit: AdaptiveLimit,
  request: { readonly startedAt: number; readonly inFlight: number },
  at: number,
): AdaptiveLimit =>
  request.startedAt <= limit.cutAt
    ? limit
    : { value: Math.max(1, Math.min(limit.value, request.inFlight) / 2), cutAt: at }

/** Returns the limit as a whole number of requests. */
export const slotsOf = (limit: AdaptiveLimit): number => Math.floor(limit.value)
