import type { Fingerprint, Job } from './job.js'
import { isOfAll, type JobFilter, wholeBatch } from './job-filter.js'
import type { Step } from './job-steps.js'
import type { Verb } from './verb.js'
import { lawOf } from './verb-law.js'

/** A verb for every job that matches a filter and was there when it was given. A batch's verb has the batch alone as its filter. */
export interface BulkVerb {
  readonly id: number
  readonly verb: Verb
  readonly filter: JobFilter
  /** The name of the token that gave it. */
  readonly by: string | null
  /** The jobs that had a use for it when it was given, and the batches that were told. */
  readonly jobs: number
  readonly batches: number
  /** The jobs that it has changed, and those that it could not: their source is gone, or another job is writing the object. */
  readonly changed: number
  readonly refused: number
  readonly givenAt: number
  /** Null until it has met all of its jobs, or a later verb took its place. */
  readonly finishedAt: number | null
  readonly isReplaced: boolean
}

export type NewBulkVerb = Pick<BulkVerb, 'verb' | 'filter' | 'by' | 'jobs' | 'batches'>

/** How far a verb has come. It meets the jobs in the order in which they were made; numbers are theirs. */
export interface Course {
  readonly after: number
  /** Jobs that were made later are not meant. */
  readonly last: number
  /** Jobs ahead that are not to be met: they were met before their turn, or asked for something else since. */
  readonly passed: readonly number[]
  /** These were completing when they were met, and may come back to the queue. */
  readonly awaited: readonly number[]
}

/** Returns the course after something else was asked of one job; the same object when it does not meet that one any more. */
export const passOver = (course: Course, seq: number): Course => {
  const { after, last, passed, awaited } = course
  const isAhead = seq > after && seq <= last && !passed.includes(seq)
  if (!isAhead && !awaited.includes(seq)) return course
  return { ...course, passed: isAhead ? [...passed, seq] : passed, awaited: awaited.filter((one) => one !== seq) }
}

/** Whether a later verb for many ends an earlier one. What batches are told is theirs: a verb for everything leaves it alone. */
export const takesPlaceOf = (later: NewBulkVerb, earlier: Pick<BulkVerb, 'verb' | 'filter'>): boolean => {
  const isSame = JSON.stringify(later.filter) === JSON.stringify(earlier.filter)
  const isCovered = isOfAll(later.filter) && wholeBatch(earlier.filter) === null
  return (isSame || isCovered) && lawOf(later.verb).replaces.includes(earlier.verb)
}

/** Whether an earlier verb leaves a job alone because of what was said last of it. `later` match the job, the newest first. */
export const isOverruled = (earlier: Verb, later: readonly Verb[]): boolean => {
  const newest = later.find((verb) => lawOf(verb).speaksForAll)
  return newest !== undefined && lawOf(newest).overrules.includes(earlier)
}

/** A retry is for what had failed when it was given. */
const isMeant = ({ verb, givenAt }: Pick<BulkVerb, 'verb' | 'givenAt'>, { finishedAt }: Job): boolean =>
  verb !== 'retry' || (finishedAt !== null && finishedAt <= givenAt)

/** What a verb for many makes of one job whose turn has come. `awaited`: its Complete is under way. */
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
