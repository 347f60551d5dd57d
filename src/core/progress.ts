import type { Receipt } from './job.js'

/**
 * Returns the bytes that a completed job has brought to OSS: the whole source. When its size was not known before it was
 * sealed, the receipt proves it; a job that completed without a receipt has sent nothing then.
 */
export const bytesOfCompleted = (size: number | null, receipt: Pick<Receipt, 'size'> | null): number =>
  size ?? receipt?.size ?? 0

/** The bytes that were handed over by `atMs` (monotonic milliseconds), less those that were lost since. */
interface Sample {
  readonly atMs: number
  readonly bytes: number
}

const windowMs = 5_000
const shortestMs = 200

/** The recent past of a transfer, from which its rate is read. It is immutable. */
export type RateWindow = readonly Sample[]

/**
 * Adds a sample and forgets what is older than the window, except one sample before it. `bytes` is a running total. It
 * shrinks when a try is given up or an upload is lost. The loss is taken off all samples, so that a rate tells what was
 * handed over in a time, and is never below zero.
 */
export const observe = (window: RateWindow, sample: Sample): RateWindow => {
  const firstKept = window.findLastIndex((past) => past.atMs <= sample.atMs - windowMs)
  const kept = window.slice(Math.max(0, firstKept))
  const lost = (kept.at(-1)?.bytes ?? 0) - sample.bytes
  return [...(lost > 0 ? kept.map(({ atMs, bytes }) => ({ atMs, bytes: bytes - lost })) : kept), sample]
}

/**
 * Returns the bytes per second over the window up to `nowMs`, or null before there is enough to tell. The rate falls to
 * zero when nothing moves.
 */
export const rateOf = (window: RateWindow, nowMs: number): number | null => {
  const first = window[0]
  const last = window.at(-1)
  if (first === undefined || last === undefined) return null
  const elapsed = nowMs - first.atMs
  if (elapsed < shortestMs) return null
  if (nowMs - last.atMs > windowMs) return 0
  return Math.round(((last.bytes - first.bytes) * 1000) / elapsed)
}

/** Returns how many bytes are still to be sent; null while the size of the source is not known. */
export const bytesLeftOf = (size: number | null, bytesSent: number): number | null =>
  size === null ? null : size - bytesSent

/** Returns the seconds until `bytesLeft` are sent at this rate, to a tenth; null when that cannot be told. */
export const etaOf = (bytesLeft: number | null, bytesPerSecond: number | null): number | null => {
  if (bytesLeft === null) return null
  if (bytesLeft <= 0) return 0
  if (bytesPerSecond === null || bytesPerSecond <= 0) return null
  return Math.round((bytesLeft * 10) / bytesPerSecond) / 10
}
