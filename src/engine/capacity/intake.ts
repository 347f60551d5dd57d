import { AppError } from '../../core/app-error.js'

/** How long a client should leave a draining daemon alone. */
const retrySeconds = 10

/** Whether this process takes new work. Nothing of it is stored. */
export interface Intake {
  /** Returns why new work is refused (AppError `draining`), or null while it is taken. */
  refusal(): AppError | null
  /** Refuses new work until `reopen`. */
  drain(): void
  /** Takes new work again, unless the process is stopping. */
  reopen(): void
  /** The process stops: new work is refused for good. */
  close(): void
}

export const createIntake = (): Intake => {
  let draining = false
  let closed = false
  return {
    refusal() {
      if (!draining && !closed) return null
      const details = { retryAfterSeconds: retrySeconds }
      return new AppError('draining', 'The daemon is draining and takes no new jobs.', details)
    },
    drain() {
      draining = true
    },
    reopen() {
      draining = false
    },
    close() {
      closed = true
    },
  }
}
