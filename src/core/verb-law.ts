import type { Batch } from './batch.js'
import { type BatchStep, cancelBatch, pauseBatch, resumeBatch, retryBatch } from './batch-steps.js'
import type { Fingerprint, Job, JobState } from './job.js'
import { cancelJob, pauseJob, resumeJob, retryJob, type Step } from './job-steps.js'
import type { Verb } from './verb.js'

export type ControlRequest =
  | { readonly verb: Exclude<Verb, 'retry'> }
  /**
   * `fingerprint` is of the source as it is now. When it differs from the stored one, the job is planned anew, and an
   * upload that exists gets the intent `abort`.
   */
  | { readonly verb: 'retry'; readonly fingerprint: Fingerprint }

/** This says what a verb does to one job, to a batch, and to many jobs. */
interface VerbLaw {
  /** Returns the same job when there is nothing to do. */
  step(job: Job, fingerprint: Fingerprint, at: number): Step | 'invalid_state'
  /**
   * Returns what becomes of the batch itself, whose jobs follow in steps. It is the same object when there is nothing
   * to do.
   */
  batch(batch: Batch): BatchStep
  /** These are the states in which a job has a use for the verb. A bulk verb passes over jobs in all other states. */
  readonly reaches: readonly JobState[]
  /** This says whether a job whose Complete is under way is awaited, because it may come back to the queue. */
  readonly awaitsCompletion: boolean
  /** This says whether the source of each job is read anew. */
  readonly needsSource: boolean
  /** This says whether batches that may still make jobs are told too when a filter matches them. */
  readonly tellsBatches: boolean
  /** This says whether a batch's verb has to wait while the batch is paused. */
  readonly restsInPausedBatch: boolean
  /** These earlier bulk verbs leave a job alone once this verb is asked for it. */
  readonly overrules: readonly Verb[]
  /** This says whether a bulk verb applies to all jobs that match, including those that it has no need to change. */
  readonly speaksForAll: boolean
  /** These earlier verbs for the same jobs end when this verb is given for many. */
  readonly replaces: readonly Verb[]
}

const laws: Readonly<Record<Verb, VerbLaw>> = {
  pause: {
    step: (job) => pauseJob(job),
    batch: pauseBatch,
    reaches: ['queued', 'running'],
    awaitsCompletion: true,
    needsSource: false,
    tellsBatches: true,
    restsInPausedBatch: false,
    overrules: ['resume', 'retry'],
    speaksForAll: true,
    replaces: ['pause', 'resume'],
  },
  resume: {
    step: (job, _fingerprint, at) => resumeJob(job, job.notBefore, at),
    batch: resumeBatch,
    reaches: ['paused'],
    awaitsCompletion: false,
    needsSource: false,
    tellsBatches: true,
    restsInPausedBatch: false,
    overrules: ['pause'],
    speaksForAll: true,
    replaces: ['pause', 'resume'],
  },
  cancel: {
    step: (job) => cancelJob(job),
    batch: cancelBatch,
    reaches: ['queued', 'running', 'paused', 'failed'],
    awaitsCompletion: true,
    needsSource: false,
    tellsBatches: true,
    restsInPausedBatch: false,
    // No verb that was given before takes a cancel back, so it need not be stopped.
    overrules: [],
    speaksForAll: true,
    replaces: ['pause', 'resume', 'cancel', 'retry'],
  },
  retry: {
    step: (job, fingerprint, at) => retryJob(job, fingerprint, job.notBefore, at),
    batch: retryBatch,
    reaches: ['failed'],
    awaitsCompletion: false,
    needsSource: true,
    tellsBatches: false,
    restsInPausedBatch: true,
    overrules: ['pause'],
    speaksForAll: false,
    replaces: ['retry'],
  },
}

export const lawOf = (verb: Verb): VerbLaw => laws[verb]

/** Returns the step that a verb makes of one job. It keeps the same job when there is nothing to do. */
export const controlStep = (job: Job, request: ControlRequest, at: number): Step | 'invalid_state' =>
  laws[request.verb].step(job, request.verb === 'retry' ? request.fingerprint : job.source.fingerprint, at)

/** Returns what a verb makes of a batch itself. It is the same object when there is nothing to do. */
export const controlBatchStep = (batch: Batch, verb: Verb): BatchStep => laws[verb].batch(batch)
