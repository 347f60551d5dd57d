/** Time, injected into everything that decides. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. For instants that people read; may jump. */
  now(): number
  /** Monotonic milliseconds from an arbitrary start. For durations and deadlines. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. Keeps no process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A number in [0, 1). Injected, so that tests replay jitter from a seed. */
export type Random = () => number
