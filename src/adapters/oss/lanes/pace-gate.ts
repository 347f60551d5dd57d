import { pieceOf, takeStretch } from '../../../core/pace.js'
import { everything, openPaceMemory, type PaceAccount } from './pace-memory.js'

/** A sender of bytes asks this gate before each write. */
export interface PaceGate {
  /**
   * Returns the most that the next write may hold. Null means that nothing limits it, so the write need not pass the
   * gate either.
   */
  piece(account: number): number | null
  /**
   * Resolves when so many bytes may be sent, or when the signal aborts. A limit that changes meanwhile takes effect at
   * once.
   */
  pass(account: number, bytes: number, signal: AbortSignal): Promise<void>
}

/** This gate limits nothing. */
export const openGate: PaceGate = { piece: () => null, pass: async () => {} }

/** A change of the limit is noticed after this time at the latest. */
const lookMs = 100
/** A timer cannot tell a shorter time. */
const soonNs = 500_000n

/** Resolves after `ms`, or when the signal aborts. */
const sleepFor = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })

export interface PaceGateDeps {
  readonly memory: SharedArrayBuffer
  /** Returns nanoseconds of the clock by which the limits were set. */
  readonly now?: () => bigint
  readonly sleep?: typeof sleepFor
}

export const createPaceGate = ({ memory, now = process.hrtime.bigint, sleep = sleepFor }: PaceGateDeps): PaceGate => {
  const shared = openPaceMemory(memory)
  const all = shared.account(everything)

  const take = (account: PaceAccount, bytes: number, rate: bigint): bigint => {
    for (;;) {
      const before = account.dueAt()
      const { at, dueAt } = takeStretch(before, now(), bytes, rate)
      if (account.moveDueAt(before, dueAt)) return at
    }
  }

  /** Resolves with false when the limit changed, so that the bytes which were taken from it no longer count. */
  const waitFor = async (at: bigint, account: PaceAccount, epoch: number, signal: AbortSignal): Promise<boolean> => {
    for (;;) {
      if (signal.aborted) return true
      if (account.epoch.get() !== epoch) return false
      const left = at - now()
      if (left < soonNs) return true
      await sleep(Math.min(lookMs, Number(left) / 1e6), signal)
    }
  }

  const passOne = async (account: PaceAccount, bytes: number, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const epoch = account.epoch.get()
      const rate = account.rate()
      if (rate === 0n || (await waitFor(take(account, bytes, rate), account, epoch, signal))) return
    }
  }

  return {
    piece(number) {
      if (shared.limited.get() === 0) return null
      const own = shared.account(number)
      const streams = own.streams.get()
      const pieces = []
      if (number !== everything && own.rate() > 0n) pieces.push(pieceOf(own.rate(), { jobs: 1, streams }))
      if (all.rate() > 0n) pieces.push(pieceOf(all.rate(), { jobs: shared.jobs.get(), streams }))
      return pieces.length === 0 ? null : Math.min(...pieces)
    },
    async pass(number, bytes, signal) {
      // A job that may not send yet takes no turn from other jobs.
      if (number !== everything) await passOne(shared.account(number), bytes, signal)
      if (!signal.aborted) await passOne(all, bytes, signal)
    },
  }
}
