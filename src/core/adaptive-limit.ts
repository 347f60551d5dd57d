/**
 * How many requests may be in flight towards one endpoint and bucket: a slow start, then additive increase and
 * multiplicative decrease. Times are monotonic milliseconds.
 */
export interface AdaptiveLimit {
  /** Real, so that many successes add up to one more. At least 1. */
  readonly value: number
  /** When it was last cut; -Infinity until then. */
  readonly cutAt: number
}

/** An eighth of the most: what nobody has seen healthy yet may swallow all that it is given. */
export const startLimit = (most: number): AdaptiveLimit => ({
  value: Math.max(1, Math.floor(most / 8)),
  cutAt: Number.NEGATIVE_INFINITY,
})

/** After a success: one more, or once it was cut one more for each full round of successes. */
export const raiseLimit = (limit: AdaptiveLimit, most: number): AdaptiveLimit => {
  const more = limit.cutAt === Number.NEGATIVE_INFINITY ? 1 : 1 / limit.value
  return { ...limit, value: Math.min(most, limit.value + more) }
}

/**
 * After OSS asked to slow down: half of what was in flight. A request that began before the last cut was part of what
 * that cut answered, so a whole round of refusals halves once.
 */
export const cutLimit = (
  limit: AdaptiveLimit,
  request: { readonly startedAt: number; readonly inFlight: number },
  at: number,
): AdaptiveLimit =>
  request.startedAt <= limit.cutAt
    ? limit
    : { value: Math.max(1, Math.min(limit.value, request.inFlight) / 2), cutAt: at }

/** Whole requests. */
export const slotsOf = (limit: AdaptiveLimit): number => Math.floor(limit.value)
