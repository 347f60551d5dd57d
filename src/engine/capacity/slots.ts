import { endpointPair, type Pair } from './endpoint-health.js'

/** Asks for the permission to have one part or put in flight. */
export interface SlotRequest {
  readonly jobId: string
  /** Higher goes first; asked at every choice, for it may change meanwhile. */
  priority(): number
  /** Where it goes. */
  readonly pair: Pair
}

export interface Slots {
  /** Resolves with the function that gives the slot back (idempotent). Rejects with the signal's reason when aborted first. */
  acquire(request: SlotRequest, signal: AbortSignal): Promise<() => void>
  inUse(): number
  /** From now on. Fewer than are in use: those in flight keep theirs, and none is granted until so many are free. */
  resize(capacity: number): void
}

interface Waiter extends SlotRequest {
  readonly pairName: string
  grant(): void
}

/** Counts by name; a name that holds nothing is forgotten. */
const createCounts = () => {
  const counts = new Map<string, number>()
  const of = (name: string): number => counts.get(name) ?? 0
  const add = (name: string, change: 1 | -1): void => {
    const count = of(name) + change
    if (count === 0) counts.delete(name)
    else counts.set(name, count)
  }
  return { of, add }
}

/**
 * Shares slots, `initial` of them until they are resized. No endpoint and bucket gets more than `limitOf` says, nor more than half of the slots while
 * others wait, so one that swallows everything holds up nobody else. Within that: higher priority first, then the job
 * that holds the fewest, then who came first, so a job of ten thousand parts and a job of one progress together.
 */
export const createSlots = (initial: number, limitOf: (pair: Pair) => number): Slots => {
  let capacity = initial
  const waiting = new Set<Waiter>()
  const ofJob = createCounts()
  const ofPair = createCounts()
  let inUse = 0

  const hasHalf = (waiter: Waiter): boolean => ofPair.of(waiter.pairName) >= Math.max(1, Math.floor(capacity / 2))

  const goesBefore = (a: Waiter, b: Waiter): boolean => {
    if (hasHalf(a) !== hasHalf(b)) return hasHalf(b)
    if (a.priority() !== b.priority()) return a.priority() > b.priority()
    return ofJob.of(a.jobId) < ofJob.of(b.jobId)
  }

  const next = (): Waiter | null => {
    let best: Waiter | null = null
    for (const waiter of waiting) {
      if (ofPair.of(waiter.pairName) >= limitOf(waiter.pair)) continue
      if (best === null || goesBefore(waiter, best)) best = waiter
    }
    return best
  }

  const take = ({ jobId, pairName }: Waiter): (() => void) => {
    inUse++
    ofJob.add(jobId, 1)
    ofPair.add(pairName, 1)
    let given = false
    return () => {
      if (given) return
      given = true
      inUse--
      ofJob.add(jobId, -1)
      ofPair.add(pairName, -1)
      serve()
    }
  }

  const serve = (): void => {
    while (inUse < capacity) {
      const waiter = next()
      if (waiter === null) return
      waiting.delete(waiter)
      waiter.grant()
    }
  }

  return {
    acquire(request, signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = (): void => {
          waiting.delete(waiter)
          reject(signal.reason)
        }
        const waiter: Waiter = {
          ...request,
          pairName: endpointPair(request.pair),
          grant() {
            signal.removeEventListener('abort', onAbort)
            resolve(take(waiter))
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(waiter)
        serve()
      })
    },
    inUse: () => inUse,
    resize(next) {
      capacity = next
      serve()
    },
  }
}
