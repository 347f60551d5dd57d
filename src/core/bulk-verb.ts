import type { Fingerprint, Job } from './job.js'
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
 * This says how far a verb has come. It meets the jobs in the order in which they were made, and the numbers are those
 * of the jobs.
 */
export interface Course {
  readonly after: number
  /** The verb is not meant for jobs that were made later. */
  readonly last: number
  /**
   * These jobs lie ahead and are not to be met, because they were met before their turn, or something else was asked of
   * them since.
   */
  readonly passed: readonly number[]
  /** These jobs were completing when they were met, and may come back to the queue. */
  readonly awaited: readonly number[]
}

/**
 * Returns the course after something else was asked of one job. It is the same object when the verb does not meet that
 * job any more.
 */
export const passOver = (course: Course, seq: number): Course => {
  const { after, last, passed, awaited } = course
  const isAhead = seq > after && seq <= last && !passed.includes(seq)
  if (!isAhead && !awaited.includes(seq)) return course
  return { ...course, passed: isAhead ? [...passed, seq] : passed, awaited: awaited.filter((one) => one !== seq) }
}

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
export const isOverruled = (earlier: Verb, later: readonly Verb[]): boolean => {
  const newest = later.find((verb) => lawOf(verb).speaksForAll)
  return newest !== undefined && lawOf(newest).overrules.includes(earlier)
}

/** Returns whether a verb is meant for a job. A retry is for jobs that had failed when it was given. */
const isMeant = ({ verb, givenAt }: Pick<BulkVerb, 'verb' | 'givenAt'>, { finishedAt }: Job): boolean =>
  verb !== 'retry' || (finishedAt !== null && finishedAt <= givenAt)

/**
 * Returns what a bulk verb makes of one job whose turn has come. `awaited` says that the Complete of the job is under
 * way.
 */
export const meetJob = (
  { verb, givenAt, by }: Pick<BulkVerb, 'verb' | 'givenAt' | 'by'>,
  job: Job,
  fingerprint: Fingerprint,
  at: number,
): Step | 'awaited' | 'nothing' => {
  const law = lawOf(verb)
  if (job.state === 'completing' && law.awaitsCompletion) return 'awaited'
  if (!isMeant({ verb, givenAt }, job)) return 'nothing'
  const step = law.step(job, fingerprint, at)
  return step === 'invalid_state' || step.event === null ? 'nothing' : { ...step, by }
}
