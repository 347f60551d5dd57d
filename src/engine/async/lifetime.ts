/** A lifetime owns what was begun, so that it can be ended in the reverse order. */
export interface Lifetime {
  /**
   * Makes `end` responsible for what has just begun. It is ended before everything that began earlier. Returns what was
   * begun.
   */
  own<T>(begun: T, end: (begun: T) => Promise<void> | void): T
  /**
   * Runs a start, step by step. When a step throws, everything that began before it is ended, and the error goes on to
   * the caller. What an end throws by then is dropped, because the first error explains it.
   */
  start<T>(steps: () => Promise<T>): Promise<T>
  /**
   * Ends everything, the latest first. Every end runs, also after one that throws, and the first error is thrown at
   * last. It is idempotent.
   */
  end(): Promise<void>
}

export const createLifetime = (): Lifetime => {
  const ends: (() => Promise<void> | void)[] = []
  let ending: Promise<void> | null = null

  const unwind = async (): Promise<void> => {
    const errors: unknown[] = []
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
      try {
        await end()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }

  const end = (): Promise<void> => {
    ending ??= unwind()
    return ending
  }

  return {
    own(begun, endOf) {
      ends.push(() => endOf(begun))
      return begun
    },
    async start(steps) {
      try {
        return await steps()
      } catch (error) {
        await end().catch(() => {})
        throw error
      }
    },
    end,
  }
}
