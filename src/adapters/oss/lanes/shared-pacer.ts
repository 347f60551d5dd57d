import type { Rate } from '../../../core/bandwidth.js'
import type { JobPace, Pacer } from '../../../ports/pacer.js'
import { everything, mostAccounts, newPaceMemory, openPaceMemory } from './pace-memory.js'

/** This is the pacer of a daemon. Its limits stand in memory that the lanes read before each write. */
export interface SharedPacer extends Pacer {
  readonly memory: SharedArrayBuffer
}

/** Creates the pacer. `now` returns nanoseconds of the monotonic clock that all threads share. */
export const createSharedPacer = (now: () => bigint = process.hrtime.bigint): SharedPacer => {
  const memory = newPaceMemory()
  const shared = openPaceMemory(memory)
  const free: number[] = []
  let untouched = everything + 1

  const setRate = (number: number, rate: Rate): void => {
    const account = shared.account(number)
    const before = account.rate()
    const after = BigInt(rate ?? 0)
    if (before === after) return
    account.setRate(after)
    // Neither a debt nor a credit of the old rate carries over to the new rate.
    account.setDueAt(now())
    account.epoch.add(1)
    if (before === 0n) shared.limited.add(1)
    if (after === 0n) shared.limited.add(-1)
  }

  const takeNumber = (): number => {
    const number = free.pop() ?? untouched++
    if (number >= mostAccounts) throw new Error('there are more runs than accounts of pace')
    return number
  }

  const open = (rate: Rate): JobPace => {
    const account = takeNumber()
    const { streams } = shared.account(account)
    setRate(account, rate)
    return {
      account,
      limit: (next) => setRate(account, next),
      enter() {
        if (streams.get() === 0) shared.jobs.add(1)
        streams.add(1)
        let left = false
        return () => {
          if (left) return
          left = true
          streams.add(-1)
          if (streams.get() === 0) shared.jobs.add(-1)
        }
      },
      close() {
        setRate(account, null)
        free.push(account)
      },
    }
  }

  return {
    memory,
    limit: (rate) => setRate(everything, rate),
    isLimited: () => shared.account(everything).rate() > 0n,
    open,
  }
}
