import { endpointPair, type Pair } from './endpoint-health.js'

/** A request for the permission to have one part or put in flight. */
export interface SlotRequest {
  readonly jobId: string
  /** A higher priority goes first. It is asked at every choice, because it may change meanwhile. */
  priority(): number
  /** The endpoint and bucket to which the bytes go. */
  readonly pair: Pair
}

export interface Slots {
  /** Resolves to the function that frees the slot (idempotent). Rejects with the signal's reason when that aborts first. */
  acquire(request: SlotRequest, signal: AbortSignal): Promise<() => void>
  inUse(): number
  /**
   * Sets the number of slots from now on. When it is smaller than the number in use, requests in flight keep their slots, and
   * no slot is granted until enough are free.
   */
  resize(capacity: number): void
}

interface Waiter extends SlotRequest {
  readonly pairName: string
  grant(): void
}

/** Creates counts by name. A name whose count is zero is forgotten. */
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
 * Shares slots among requests. There are `initial` slots until they are resized. An endpoint and bucket gets no more than
 * `limitOf` says, and no more than half of the slots while requests to others wait; so a pair that swallows everything does not
 * hold up the others. Among the requests that may go, a higher priority goes first, then the job with the fewest slots, then
 * the request that came first; so a job of ten thousand parts and a job of one part progress together.
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
