/** The time. It is injected into everything that decides. */
export interface Clock {
  /** Returns the wall clock in milliseconds since the epoch. It is for instants that people read, and it may jump. */
  now(): number
  /** Returns monotonic milliseconds from an arbitrary start. They are for durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. It keeps no process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Returns a number in [0, 1). It is injected, so that tests can replay jitter from a seed. */
export type Random = () => number
