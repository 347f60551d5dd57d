/** A pace's state, in memory that all threads share: one account for everything, and one for each job that is worked on. */

/** The account of everything. */
export const everything = 0

/** Each of the daemon's runs has one; there are at most four for each of 1024 slots, twice while their number is changed. */
export const mostAccounts = 1 + 2 * 4 * 1024

/** In 32-bit words. */
const headerWords = 2
const accountWords = 6

export interface PaceMemory {
  /** How many accounts are limited: while none is, nobody need look further. */
  readonly limited: Counter
  /** How many jobs have a stream. */
  readonly jobs: Counter
  account(number: number): PaceAccount
}

export interface Counter {
  get(): number
  add(change: 1 | -1): void
}

export interface PaceAccount {
  /** Grows with every change of the rate: what was taken before counts no more. */
  readonly epoch: Counter
  readonly streams: Counter
  /** Bytes per second; 0n: no limit. */
  rate(): bigint
  setRate(rate: bigint): void
  dueAt(): bigint
  setDueAt(at: bigint): void
  /** False when somebody else was quicker. */
  moveDueAt(from: bigint, to: bigint): boolean
}

export const newPaceMemory = (): SharedArrayBuffer =>
  new SharedArrayBuffer(4 * (headerWords + accountWords * mostAccounts))

export const openPaceMemory = (memory: SharedArrayBuffer): PaceMemory => {
  const words = new Int32Array(memory)
  const longs = new BigInt64Array(memory)

  const counter = (place: number): Counter => ({
    get: () => Atomics.load(words, place),
    add: (change) => void Atomics.add(words, place, change),
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
