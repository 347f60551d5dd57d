import type { Job } from '../../core/job.js'
import { paysAsRequester } from '../../core/object-headers.js'
import type { Clock } from '../../ports/clock.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Fenced, Lease } from '../../ports/lease.js'
import type { Logger } from '../../ports/logger.js'
import type { OrphanStore } from '../../ports/orphan-store.js'
import type { JobPace } from '../../ports/pacer.js'
import type { ObjectRef, ObjectWishes, Target } from '../../ports/target.js'
import type { JobProgress } from '../feed/progress-board.js'
import type { Retrier } from './request-retrier.js'
import { type RunControl, RunStopped } from './run-control.js'

/** Everything the steps of one run share. `job` is the latest that the store answered. */
export interface Run {
  job: Job
  readonly lease: Lease
  readonly control: RunControl
  readonly target: Target
  readonly retrier: Retrier
  readonly progress: JobProgress
  readonly pace: JobPace
  readonly logger: Logger
  readonly store: JobStore & Pick<OrphanStore, 'forgetAbandoned'>
  readonly clock: Clock
  /** How often OSS refused to complete this job, by what it said; outlives the run. */
  readonly disagreements: Map<string, number>
  /** Throws RunStopped `fenced` when too little of the lease is left to start something remote. */
  assertLease(): void
}

/** The answer of a fenced write, or the end of the run. */
export const unfenced = <T>(answer: T | Fenced): T => {
  if (answer === 'fenced') throw new RunStopped('fenced')
  return answer
}

/** Keeps the job that a write answered, and shows its progress by it. */
export const advance = (run: Run, answer: Job | Fenced): Job => {
  run.job = unfenced(answer)
  run.progress.follow(run.job)
  return run.job
}

export const objectOf = ({ target, options }: Job): ObjectRef => ({
  bucket: target.bucket,
  key: target.key,
  ...(paysAsRequester(options.headers) ? { payer: 'requester' } : {}),
})

export const wishesOf = (job: Job): ObjectWishes => ({
  headers: job.options.headers,
  marker: job.marker,
  forbidOverwrite: job.options.ifExists === 'fail',
  sequential: job.options.sequential,
  ...(job.options.callback === undefined ? {} : { callback: job.options.callback }),
})
