import type { Batch } from './batch.js'
import type { FingerprintNow, Job } from './job.js'
import { isOfAll, type JobFilter, wholeBatch } from './job-filter.js'
import type { Step } from './job-steps.js'
import type { Verb } from './verb.js'
import { lawOf } from './verb-law.js'

/**
 * This is a verb for every job that matches a filter and was there when the verb was given. The verb of a batch has the
 * batch alone as its filter.
 */
export interface BulkVerb {
  readonly id: number
  readonly verb: Verb
  readonly filter: JobFilter
  /** This is the name of the token that gave the verb. */
  readonly by: string | null
  /** These count the jobs that had a use for the verb when it was given, and the batches that were told. */
  readonly jobs: number
  readonly batches: number
  /**
   * These count the jobs that it has changed, and those that it could not change because their source is gone, or
   * because another job is writing the object.
   */
  readonly changed: number
  readonly refused: number
  readonly givenAt: number
  /** It is null until the verb has met all of its jobs, or a later verb has taken its place. */
  readonly finishedAt: number | null
  readonly isReplaced: boolean
}

export type NewBulkVerb = Pick<BulkVerb, 'verb' | 'filter' | 'by' | 'jobs' | 'batches'>

/**
 * Returns whether a later bulk verb ends an earlier one. A verb for everything leaves the verb of a batch alone,
 * because what the batch was told is the batch's own.
 */
export const takesPlaceOf = (later: NewBulkVerb, earlier: Pick<BulkVerb, 'verb' | 'filter'>): boolean => {
  const isSame = JSON.stringify(later.filter) === JSON.stringify(earlier.filter)
  const isCovered = isOfAll(later.filter) && wholeBatch(earlier.filter) === null
  return (isSame || isCovered) && lawOf(later.verb).replaces.includes(earlier.verb)
}

/**
 * Returns whether an earlier verb leaves a job alone because of what was said of it last. The `later` verbs match the
 * job, the newest first.
 */
const isOverruled = (earlier: Verb, later: readonly Verb[]): boolean => {
  const newest = later.find((verb) => lawOf(verb).speaksForAll)
  return newest !== undefined && lawOf(newest).overrules.includes(earlier)
}

/** Returns whether a verb is meant for a job. What brings jobs back is for those that had settled when it was given. */
const isMeant = ({ verb, givenAt }: Pick<BulkVerb, 'verb' | 'givenAt'>, { finishedAt }: Job): boolean =>
  !lawOf(verb).bringsBack || (finishedAt !== null && finishedAt <= givenAt)

/** This is what a store knows of a job that a bulk verb meets. */
export interface Circumstances {
  /** The later verbs that match the job, the newest first. */
  readonly later: readonly Verb[]
  /** The source as it is now, or null when it cannot be read. A verb that needs no source does not look at it. */
  readonly fingerprint: FingerprintNow | null
  /** Another job is writing the same object. Only a verb that brings jobs back looks at it. */
  readonly hasRival: boolean
}

/**
 * Returns what a bulk verb makes of one job whose turn has come. `awaited` says that the Complete of the job is under
 * way. `refused` says that the job has a use for the verb, but that its source is gone or that a rival is in its way.
 */
export const meetJob = (
  { verb, givenAt, by }: Pick<BulkVerb, 'verb' | 'givenAt' | 'by'>,
  job: Job,
  { later, fingerprint, hasRival }: Circumstances,
  at: number,
): Step | 'awaited' | 'refused' | 'nothing' => {
  const law = lawOf(verb)
  if (isOverruled(verb, later)) return 'nothing'
  if (job.state === 'completing' && law.awaitsCompletion) return 'awaited'
  if (!isMeant({ verb, givenAt }, job)) return 'nothing'
  const step = law.step(job, fingerprint ?? job.source.fingerprint, at)
  if (step === 'invalid_state' || step.event === null) return 'nothing'
  const isRefused = (law.needsSource && fingerprint === null) || (law.bringsBack && hasRival)
  return isRefused ? 'refused' : { ...step, by }
}

/** Returns the verb that a batch is given for its jobs. */
export const verbForBatch = (
  { id, counts }: Pick<Batch, 'id' | 'counts'>,
  verb: Verb,
  by: string | null,
): NewBulkVerb => ({
  verb,
  filter: { batchId: id },
  by,
  jobs: lawOf(verb).reaches.reduce((sum, state) => sum + counts[state], 0),
  batches: 1,
})
