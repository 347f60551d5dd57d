import type { Job } from '../../core/job.js'
import { paysAsRequester } from '../../core/object-headers.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { JobPace } from '../../ports/pacer.js'
import type { ObjectOptions, ObjectRef, Target } from '../../ports/target.js'
import type { JobProgress } from '../feed/progress-board.js'
import type { JobRecord } from './job-record.js'
import type { Retrier } from './request-retrier.js'
import type { RunControl } from './run-control.js'

/** Everything that the steps of one run share. */
export interface Run {
  /** The job of the record: the latest that the store answered. */
  readonly job: Job
  readonly record: JobRecord
  readonly control: RunControl
  readonly target: Target
  readonly retrier: Retrier
  /** Shows the bytes that are on their way. */
  readonly progress: Pick<JobProgress, 'moving' | 'landed'>
  readonly pace: JobPace
  readonly logger: Logger
  readonly clock: Clock
  /** How often OSS refused to complete this job, by what it said. It outlives the run. */
  readonly disagreements: Map<string, number>
  /** A put of the job was sent before this run began, and OSS has not said what became of it. */
  readonly isPutUnanswered: boolean
  /** Throws RunStopped `fenced` when too little of the lease is left to start something remote. */
  assertLease(): void
}

export const objectOf = ({ target, options }: Job): ObjectRef => ({
  bucket: target.bucket,
  key: target.key,
  ...(paysAsRequester(options.headers) ? { payer: 'requester' } : {}),
})

export const objectOptionsOf = (job: Job): ObjectOptions => ({
  headers: job.options.headers,
  marker: job.marker,
  forbidOverwrite: job.options.ifExists === 'fail',
  sequential: job.options.sequential,
  ...(job.options.callback === undefined ? {} : { callback: job.options.callback }),
})
