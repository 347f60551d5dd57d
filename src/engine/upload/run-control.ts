import type { Tuning, Waiting } from '../../core/job.js'

/** Why a run has to end before its job is settled. */
export type StopReason =
  | 'pause'
  | 'cancel'
  /** The daemon stops: the job goes back to the queue and no attempt is charged. */
  | 'shutdown'
  /** The lease is gone: nothing may be written any more. */
  | 'fenced'
  | 'deadline'

export class RunStopped extends Error {
  override readonly name = 'RunStopped'
  readonly reason: StopReason
  constructor(reason: StopReason) {
    super(`The run stops: ${reason}`)
    this.reason = reason
  }
}

/** The run releases its job: without losing attempts the job waits for its next run, `delayMs` or not at all. */
export class RunReleases extends Error {
  override readonly name = 'RunReleases'
  readonly waiting: Waiting | null
  readonly delayMs: number | null
  constructor(waiting: Waiting | null, delayMs: number | null, message: string) {
    super(message)
    this.waiting = waiting
    this.delayMs = delayMs
  }
}

/** How the outside tunes a run and ends it. Both signals carry a RunStopped as their reason. */
export interface RunControl {
  /** Aborts when nothing new may begin; what is in flight goes on. */
  readonly soft: AbortSignal
  /** Aborts when what is in flight has to end too; `soft` aborts with it at the latest. */
  readonly hard: AbortSignal
  /** Lets requests in flight finish, and nothing new begin. The first reason counts. */
  stopSoon(reason: 'pause' | 'shutdown'): void
  /**
   * Ends everything now; a run that carries out a cancel is not ended by one. Behind a shield a cancel or a deadline only lets
   * nothing new begin.
   */
  stopNow(reason: StopReason): void
  /** Says that OSS may make the object from now on, whatever we do: its answer is worth more than an early end. */
  shield(): void
  /** Says that the answer is there, or will not come: a stop that was held back takes effect. */
  unshield(): void
  /** Whether there ever was a shield. */
  readonly wasShielded: boolean
  /** As it is now: a user may change it at any time. */
  readonly tuning: Tuning
  tune(tuning: Tuning): void
  /** Calls the listener after every change. Returns the function that ends it. */
  onTuned(listener: () => void): () => void
}

/** `isCancel` says that the run carries out a cancel. */
export const createRunControl = (initial: Tuning, isCancel = false): RunControl => {
  const soft = new AbortController()
  const hard = new AbortController()
  const listeners = new Set<() => void>()
  let tuning = initial
  let shielded = false
  let wasShielded = false
  let heldBack: RunStopped | null = null
  return {
    soft: soft.signal,
    hard: hard.signal,
    stopSoon(reason) {
      soft.abort(new RunStopped(reason))
    },
    stopNow(reason) {
      if (isCancel && reason === 'cancel') return
      const stop = new RunStopped(reason)
      if (shielded && (reason === 'cancel' || reason === 'deadline')) heldBack ??= stop
      else hard.abort(stop)
      soft.abort(stop)
    },
    shield() {
      shielded = true
      wasShielded = true
    },
    unshield() {
      shielded = false
      if (heldBack !== null) hard.abort(heldBack)
    },
    get wasShielded() {
      return wasShielded
    },
    get tuning() {
      return tuning
    },
    tune(next) {
      const names = Object.keys(next) as (keyof Tuning)[]
      if (names.every((name) => next[name] === tuning[name])) return
      tuning = next
      for (const listener of listeners) listener()
    },
    onTuned(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Throws the reason when the run has to end and nothing new may begin. */
export const checkGoing = (control: Pick<RunControl, 'soft' | 'hard'>): void => {
  control.hard.throwIfAborted()
  control.soft.throwIfAborted()
}
