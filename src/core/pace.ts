/**
 * This is the arithmetic of sending at a limited rate. An account says when its next byte is due. A sender takes the
 * next stretch of it and waits for the beginning of the stretch. So turns come in the order in which they were taken,
 * and what is late once is made up for. Times are nanoseconds of one monotonic clock, rates are bytes per second.
 */

/**
 * An account that was idle, or whose streams were held up, may make up for so much, because timers are late and disks
 * stall.
 */
export const creditNs = 200_000_000n

const second = 1_000_000_000n

export interface Stretch {
  /** The time when the first byte of the stretch may be sent. */
  readonly at: bigint
  /** The time when the first byte behind the stretch may be sent. */
  readonly dueAt: bigint
}

export const takeStretch = (dueAt: bigint, now: bigint, bytes: number, rate: bigint): Stretch => {
  const earliest = now - creditNs
  const at = dueAt > earliest ? dueAt : earliest
  return { at, dueAt: at + (BigInt(bytes) * second) / rate }
}

/**
 * Every stream has a turn about so often, so that a stream that sends piece by piece is not taken for one that stalls.
 */
const roundSeconds = 0.25
/** The bytes of a turn of a whole job. A longer turn would only save system calls. */
const longestTurn = 512 * 1024
const smallestPiece = 256

/** Those who share a limit: each of the jobs has an equal part of it, and the streams of a job share that part. */
export interface Sharing {
  readonly jobs: number
  readonly streams: number
}

/**
 * Returns how much a stream sends in one turn. Turns go round, so the sizes are the shares: a job of eight streams gets
 * no more than a job of a single stream.
 */
export const pieceOf = (rate: bigint, { jobs, streams }: Sharing): number => {
  const turn = Math.min((Number(rate) * roundSeconds) / Math.max(1, jobs), longestTurn)
  return Math.max(smallestPiece, Math.floor(turn / Math.max(1, streams)))
}
