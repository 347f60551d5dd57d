import { sourceStalled } from '../../core/failure.js'

export interface CallGateSettings {
  /** This is the largest number of calls in flight at the same time, including calls that hang. */
  readonly most: number
  /** The caller gives up a call that has had no answer for so long. */
  readonly idleMs: number
}

/**
 * Lets a few calls at a time through to one file system, so that a file system which hangs takes no more threads than
 * those.
 */
export interface CallGate {
  /**
   * Throws Failure `stalled` when the file system does not answer. It throws at once while as many calls hang as may be
   * in flight. `late` gets an answer that came after its caller had given up.
   */
  pass<T>(work: () => Promise<T>, late?: (value: T) => void): Promise<T>
  /** Gives every call only so long from now on, including calls in flight, because the daemon is ending. */
  hurry(ms: number): void
  /**
   * Does the work when there is room, and waits for its end, however long that takes. This is for work that must not be
   * begun twice.
   */
  leave<T>(work: () => Promise<T>): Promise<T>
}

interface Waiting {
  start(): void
  /** Null means that this call goes on waiting. */
  readonly fail: (() => void) | null
}

export const createCallGate = ({ most, idleMs }: CallGateSettings): CallGate => {
  let waiting: Waiting[] = []
  let inFlight = 0
  let hanging = 0
  let patienceMs = idleMs
  /** Each function here gives one call in flight, which its caller still waits for, so long from now on. */
  const patience = new Set<(ms: number) => void>()

  const next = (): void => {
    while (inFlight < most && waiting.length > 0) waiting.shift()?.start()
  }

  const failAll = (): void => {
    const given = waiting
    waiting = given.filter(({ fail }) => fail === null)
    for (const { fail } of given) fail?.()
  }

  /**
   * Runs the call and watches it. A function of `given` is called with how the call ended, or before that with the news
   * that it hangs.
   */
  const run = <T>(work: () => Promise<T>, given: Given<T>): void => {
    let hangs = false
    inFlight += 1
    const giveUp = (): void => {
      patience.delete(wait)
      hangs = true
      hanging += 1
      given.hangs()
      if (hanging >= most) failAll()
    }
    let timer = setTimeout(giveUp, patienceMs)
    const wait = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(giveUp, ms)
    }
    patience.add(wait)
    const over = (): void => {
      clearTimeout(timer)
      patience.delete(wait)
      if (hangs) hanging -= 1
      inFlight -= 1
      next()
    }
    work().then(
      (value) => {
        over()
        given.value(value, hangs)
      },
      (error: unknown) => {
        over()
        given.error(error)
      },
    )
  }

  const enter = (one: Waiting): void => {
    waiting.push(one)
    next()
  }

  return {
    pass: (work, late) =>
      new Promise((resolve, reject) => {
        const hangs = (): void => reject(sourceStalled())
        if (hanging >= most) return hangs()
        enter({
          start: () =>
            run(work, { hangs, error: reject, value: (value, was) => (was ? late?.(value) : resolve(value)) }),
          fail: hangs,
        })
      }),
    hurry(ms) {
      patienceMs = Math.min(patienceMs, ms)
      for (const wait of patience) wait(patienceMs)
    },
    leave: (work) =>
      new Promise((resolve, reject) => {
        enter({ start: () => run(work, { hangs: () => {}, error: reject, value: resolve }), fail: null })
      }),
  }
}

interface Given<T> {
  value(value: T, hanged: boolean): void
  error(error: unknown): void
  hangs(): void
}
