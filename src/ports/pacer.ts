import type { Rate } from '../core/bandwidth.js'

/** Decides how fast bytes are sent. What is set holds at once, also for what is in flight. */
export interface Pacer {
  /** Sets the rate of all jobs together, which share it equally. */
  limit(rate: Rate): void
  /** Whether there is such a rate now. */
  isLimited(): boolean
  /** Opens the pace of a job that is worked on. `rate` is what the job may send by itself. */
  open(rate: Rate): JobPace
}

/** The pace of one job while it is worked on. */
export interface JobPace {
  /** The sender of bytes knows the pace by this number. */
  readonly account: number
  limit(rate: Rate): void
  /** Says that one more stream of the job shares its pace. Returns the function that ends it, which is idempotent. */
  enter(): () => void
  /** Says that nothing of the job is sent any more. */
  close(): void
}
