import type { Rate } from '../core/bandwidth.js'

/** How fast bytes are sent. What is set holds at once, for what is in flight too. */
export interface Pacer {
  /** Of all jobs together, which share it equally. */
  limit(rate: Rate): void
  /** A job is worked on; `rate` is what it may send by itself. */
  open(rate: Rate): JobPace
}

/** The pace of one job while it is worked on. */
export interface JobPace {
  /** By this number the sender of bytes knows it. */
  readonly account: number
  limit(rate: Rate): void
  /** One more stream of the job shares its pace. Returns the function that ends it; idempotent. */
  enter(): () => void
  /** Nothing of the job is sent any more. */
  close(): void
}
