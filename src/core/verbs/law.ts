import type { Batch, BatchState } from '../batch.js'
import type { FingerprintNow, Job, JobState } from '../job.js'
import type { Step } from '../job-steps.js'
import type { Verb } from '../verb.js'

/** A step returns the same object when there is nothing to do. */
export type BatchStep = Batch | 'invalid_state'

/** This says what a verb does to one job, to a batch, and to many jobs. */
export interface VerbLaw {
  /** Returns the same job when there is nothing to do. */
  step(job: Job, fingerprint: FingerprintNow, at: number): Step | 'invalid_state'
  /**
   * Returns what becomes of the batch itself, whose jobs follow in steps. It is the same object when there is nothing
   * to do.
   */
  batch(batch: Batch): BatchStep
  /** These are the states in which a job has a use for the verb. A bulk verb passes over jobs in all other states. */
  readonly reaches: readonly JobState[]
  /** These are the states of a batch in which a user has a use for the verb. */
  readonly batches: readonly BatchState[]
  /** This says whether a job whose Complete is under way is awaited, because it may come back to the queue. */
  readonly awaitsCompletion: boolean
  /** This says whether the source of each job is looked at anew. */
  readonly needsSource: boolean
  /**
   * This says whether the verb brings settled jobs back to the queue. Then no other job may be writing the object, and
   * a bulk verb is meant only for what had settled when it was given.
   */
  readonly bringsBack: boolean
  /** This says whether batches that may still make jobs are told too when a filter matches them. */
  readonly tellsBatches: boolean
  /** This says whether a batch's verb has to wait while the batch is paused. */
  readonly restsInPausedBatch: boolean
  /**
   * This says whether no job is claimed while the verb is on its way to every job that there is, because the verb would
   * stop at once what is begun now.
   */
  readonly holdsClaims: boolean
  /** These earlier bulk verbs leave a job alone once this verb is asked for it. */
  readonly overrules: readonly Verb[]
  /** This says whether a bulk verb applies to all jobs that match, including those that it has no need to change. */
  readonly speaksForAll: boolean
  /** These earlier verbs for the same jobs end when this verb is given for many. */
  readonly replaces: readonly Verb[]
}
