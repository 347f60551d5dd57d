/**
 * The arithmetic of sending at a limited rate. An account says when its next byte is due; whoever wants to send takes the
 * next stretch of it and waits for its beginning. So turns come in the order in which they were taken, and what is late
 * once is made up for. Times are nanoseconds of one monotonic clock, rates bytes per second.
 */

/** What an account that was idle, or whose streams were held up, may make up for: timers are late, disks stall. */
export const creditNs = 200_000_000n

const second = 1_000_000_000n

export interface Stretch {
  /** When its first byte may be sent. */
  readonly at: bigint
  /** When the first byte behind it may be. */
  readonly dueAt: bigint
}

export const takeStretch = (dueAt: bigint, now: bigint, bytes: number, rate: bigint): Stretch => {
  const earliest = now - creditNs
  const at = dueAt > earliest ? dueAt : earliest
  return { at, dueAt: at + (BigInt(bytes) * second) / rate }
}

/** Everybody has a turn about so often: a stream that sends by the piece is not taken for one that stalls. */
const roundSeconds = 0.25
/** A turn of a whole job. Beyond it only the system calls would become fewer. */
const longestTurn = 512 * 1024
const smallestPiece = 256

/** Who shares a limit: each of the jobs an equal part of it, and the streams of a job that part. */
export interface Sharing {
  readonly jobs: number
  readonly streams: number
}

/**
 * How much a stream sends in one turn. Turns go round, so the sizes are the shares: a job of eight streams gets no more
 * than one of a single stream.
 */
export const pieceOf = (rate: bigint, { jobs, streams }: Sharing): number => {
  const turn = Math.min((Number(rate) * roundSeconds) / Math.max(1, jobs), longestTurn)
  return Math.max(smallestPiece, Math.floor(turn / Math.max(1, streams)))
}
