import { trafficLimitBounds } from '../../../core/object-headers.js'

/** These are the longest times of the steps of a request, in milliseconds. */
export interface OssTimeouts {
  /** This limits name lookup, TCP and TLS together. */
  readonly connectMs: number
  /** This limits the time in which no byte moves in either direction. */
  readonly idleMs: number
  /**
   * This limits the time from the last byte sent to the first byte of the answer, beside the time that sending took.
   */
  readonly answerMs: number
  /** This limits a whole control call. */
  readonly controlMs: number
  /** This limits CompleteMultipartUpload. OSS may work for minutes before it answers. */
  readonly completeMs: number
  /** This limits a whole data request, beside the time that its bytes may take. */
  readonly dataMs: number
  /** Below this rate it is no longer worth going on with a data request. Many requests share one line. */
  readonly floorBytesPerSecond: number
}

export const defaultTimeouts: OssTimeouts = {
  connectMs: 10_000,
  idleMs: 30_000,
  answerMs: 60_000,
  controlMs: 120_000,
  completeMs: 600_000,
  dataMs: 60_000,
  floorBytesPerSecond: 16 * 1024,
}

/** These are the limits of one request, as the exchange applies them. */
export interface ExchangeTimeouts {
  readonly connectMs: number
  readonly idleMs: number
  readonly answerMs: number
  /** This limits the time from start to settled, whatever moves. */
  readonly budgetMs: number
}

export const controlTimeouts = (timeouts: OssTimeouts): ExchangeTimeouts => ({
  connectMs: timeouts.connectMs,
  idleMs: timeouts.idleMs,
  answerMs: timeouts.answerMs,
  budgetMs: timeouts.controlMs,
})

export const completeTimeouts = (timeouts: OssTimeouts): ExchangeTimeouts => ({
  ...controlTimeouts(timeouts),
  answerMs: timeouts.completeMs,
  budgetMs: timeouts.completeMs,
})

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1

/**
 * Returns the limits of a data request. `trafficLimit` is the value of `x-oss-traffic-limit` (bits per second), when
 * the request carries one.
 */
export const dataTimeouts = (
  timeouts: OssTimeouts,
  sizeBytes: number,
  trafficLimit: string | undefined,
): ExchangeTimeouts => {
  const limitBits = Math.max(trafficLimitBounds.min, Number(trafficLimit) || Number.POSITIVE_INFINITY)
  // We count half of the limit, because OSS enforces it on average, and a request should not fail while it keeps to the
  // limit.
  const floorBytesPerMs = Math.min(timeouts.floorBytesPerSecond, limitBits / 8 / 2) / 1000
  const bytesMs = sizeBytes / floorBytesPerMs
  return {
    connectMs: timeouts.connectMs,
    idleMs: timeouts.idleMs,
    // A hop may take the whole body at once and pass it on slowly. Only after that does OSS begin to answer.
    answerMs: Math.min(timeouts.answerMs + bytesMs, longestTimerMs / 2),
    budgetMs: Math.min(timeouts.dataMs + bytesMs, longestTimerMs),
  }
}
