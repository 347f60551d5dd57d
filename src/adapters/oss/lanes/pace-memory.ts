/**
 * This is a pace's state, in memory that all threads share. It has one account for everything, and one for each job
 * that is being worked on.
 */

/** This is the number of the account for everything. */
export const everything = 0

/**
 * Each run of the daemon has an account. There are at most four runs for each of 1024 slots, and twice as many while
 * the number of slots is being changed.
 */
export const mostAccounts = 1 + 2 * 4 * 1024

/** These sizes count 32-bit words. */
const headerWords = 2
const accountWords = 6

export interface PaceMemory {
  /** This is the number of accounts that are limited. While it is 0, a sender need not look further. */
  readonly limited: Counter
  /** This is the number of jobs that have a stream. */
  readonly jobs: Counter
  account(number: number): PaceAccount
}

export interface Counter {
  get(): number
  add(change: 1 | -1): void
}

export interface PaceAccount {
  /** The epoch grows with every change of the rate. What was taken before the change no longer counts. */
  readonly epoch: Counter
  readonly streams: Counter
  /** Returns the rate in bytes per second. 0n means no limit. */
  rate(): bigint
  setRate(rate: bigint): void
  dueAt(): bigint
  setDueAt(at: bigint): void
  /** Returns false when another thread was quicker. */
  moveDueAt(from: bigint, to: bigint): boolean
}

export const newPaceMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(4 * (headerWords + accountWords * mostAccounts))

export const openPaceMemory = (memory: SharedArrayBuffer): PaceMemory => {
  const words = new Int32Array(memory)
  const longs = new BigInt64Array(memory)

  const counter = (index: number): Counter => ({
    get: () => Atomics.load(words, index),
    add: (change) => void Atomics.add(words, index, change),
  })

  return {
    limited: counter(0),
    jobs: counter(1),
    account(number) {
      const start = headerWords + accountWords * number
      const rateAt = (start + 2) / 2
      const dueAtAt = rateAt + 1
      return {
        epoch: counter(start),
        streams: counter(start + 1),
        rate: () => Atomics.load(longs, rateAt),
        setRate: (rate) => void Atomics.store(longs, rateAt, rate),
        dueAt: () => Atomics.load(longs, dueAtAt),
        setDueAt: (at) => void Atomics.store(longs, dueAtAt, at),
        moveDueAt: (from, to) => Atomics.compareExchange(longs, dueAtAt, from, to) === from,
      }
    },
  }
}
