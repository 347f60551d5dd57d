/** Asks for the permission to have one part or put in flight. */
export interface SlotRequest {
  readonly jobId: string
  readonly priority: number
}

export interface Slots {
  /** Resolves with the function that gives the slot back (idempotent). Rejects with the signal's reason when aborted first. */
  acquire(request: SlotRequest, signal: AbortSignal): Promise<() => void>
  inUse(): number
}

interface Waiter extends SlotRequest {
  grant(): void
}

/**
 * Shares `capacity` slots: higher priority first, then the job that holds the fewest, then who came first. So a job of
 * ten thousand parts and a job of one progress together.
 */
export const createSlots = (capacity: number): Slots => {
  const waiting = new Set<Waiter>()
  const held = new Map<string, number>()
  let inUse = 0

  const heldBy = (jobId: string): number => held.get(jobId) ?? 0

  const goesBefore = (a: Waiter, b: Waiter): boolean =>
    a.priority !== b.priority ? a.priority > b.priority : heldBy(a.jobId) < heldBy(b.jobId)

  const next = (): Waiter | null => {
    let best: Waiter | null = null
    for (const waiter of waiting) if (best === null || goesBefore(waiter, best)) best = waiter
    return best
  }

  const take = (jobId: string): (() => void) => {
    inUse++
    held.set(jobId, heldBy(jobId) + 1)
    let given = false
    return () => {
      if (given) return
      given = true
      inUse--
      const left = heldBy(jobId) - 1
      if (left === 0) held.delete(jobId)
      else held.set(jobId, left)
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
          grant() {
            signal.removeEventListener('abort', onAbort)
            resolve(take(request.jobId))
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.add(waiter)
        serve()
      })
    },
    inUse: () => inUse,
  }
}
