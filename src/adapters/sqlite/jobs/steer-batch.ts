import type { Batch, SteeringVerb } from '../../../core/batch.js'
import { type BatchVerb, standsAgainst } from '../../../core/batch-steps.js'
import { cancelJob, pauseJob, resumeJob, type Step } from '../../../core/job-steps.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import type { Ledger } from './job-writer.js'

/**
 * How far a verb has come among the jobs of its batch, which it meets in the order in which they were made. Numbers are
 * those of jobs.
 */
interface Course {
  readonly after: number
  /** What was made later is not meant. */
  readonly last: number
  /** Met ahead of their turn, or asked for something else since. */
  readonly met: readonly number[]
  /** They were completing when they were met, and may come back to the queue. */
  readonly awaited: readonly number[]
}

const idleStates: Readonly<Record<SteeringVerb, readonly string[]>> = {
  pause: ['queued'],
  resume: ['paused'],
  cancel: ['queued', 'paused', 'failed'],
}

const bySeq = (a: JobRow, b: JobRow): number => a.seq - b.seq

const stepOf = (row: JobRow, verb: SteeringVerb, at: number): Step | 'invalid_state' => {
  const job = jobOf(row)
  if (verb === 'pause') return pauseJob(job)
  return verb === 'resume' ? resumeJob(job, row.not_before, at) : cancelJob(job)
}

const readCourse = ({ statements }: Ledger, batchId: string) => {
  const row = statements.courseOfBatch.get(batchId) as { steering: SteeringVerb | null; course: string | null }
  // A verb that was given to an older release has none yet.
  const fromTheBeginning: Course = { after: 0, last: Number.MAX_SAFE_INTEGER, met: [], awaited: [] }
  return { ...row, course: row.course === null ? fromTheBeginning : (JSON.parse(row.course) as Course) }
}

const saveCourse = ({ statements }: Ledger, batchId: string, course: Course): void =>
  void statements.saveCourse.run({ id: batchId, course: JSON.stringify(course) })

/** Lets a verb of the batch that is on its way pass over a job for which something else is asked now. */
export const leaveAlone = (ledger: Ledger, batchId: string, seq: number, asked: BatchVerb): void => {
  const { steering, course } = readCourse(ledger, batchId)
  if (!standsAgainst(asked, steering)) return
  const { after, last, met, awaited } = course
  const comes = seq > after && seq <= last && !met.includes(seq)
  const waits = awaited.includes(seq)
  if (!comes && !waits) return
  const left = awaited.filter((one) => one !== seq)
  saveCourse(ledger, batchId, { ...course, met: comes ? [...met, seq] : met, awaited: left })
}

export interface BatchSteering {
  /** Begins a verb that was committed just now. What is at work hears of it at once. */
  begin(batch: Batch, verb: SteeringVerb, at: number): void
  /** One step over at most `limit` jobs. True when all have been met and none is awaited. */
  step(batch: Batch, verb: SteeringVerb, limit: number, at: number): boolean
}

export const createBatchSteering = (ledger: Ledger): BatchSteering => {
  const { statements, save } = ledger

  /** Tells the job; true when it has to be awaited. */
  const meet = (row: JobRow, { steeredBy }: Batch, verb: SteeringVerb, at: number): boolean => {
    if (row.state === 'completing' && verb !== 'resume') return true
    const step = stepOf(row, verb, at)
    if (step !== 'invalid_state' && step.event !== null) save(row, { ...step, by: steeredBy }, at)
    return false
  }

  const leased = (batchId: string): readonly JobRow[] => statements.leasedJobsOfBatch.all(batchId) as JobRow[]

  const nextJobs = (batchId: string, verb: SteeringVerb, { after, last }: Course, limit: number): readonly JobRow[] => {
    const atWork = leased(batchId).filter(({ seq }) => seq > after && seq <= last)
    const idle = idleStates[verb].flatMap(
      (state) => statements.idleJobsOfBatch.all({ batch_id: batchId, state, after, last, limit }) as JobRow[],
    )
    return [...atWork, ...idle].sort(bySeq).slice(0, limit)
  }

  /** Those of them that are still completing; the others are told. */
  const lookAgain = (batch: Batch, verb: SteeringVerb, awaited: readonly number[], at: number): readonly number[] =>
    awaited.filter((seq) => {
      const row = statements.jobBySeq.get(seq) as JobRow | undefined
      return row !== undefined && meet(row, batch, verb, at)
    })

  return {
    begin(batch, verb, at) {
      const { seq: last } = statements.lastJob.get() as { seq: number }
      const rows = leased(batch.id)
      const awaited = rows.filter((row) => meet(row, batch, verb, at)).map(({ seq }) => seq)
      saveCourse(ledger, batch.id, { after: 0, last, met: rows.map(({ seq }) => seq), awaited })
    },

    step(batch, verb, limit, at) {
      const { course } = readCourse(ledger, batch.id)
      const rows = nextJobs(batch.id, verb, course, limit)
      const awaited = [...course.awaited]
      for (const row of rows) {
        if (!course.met.includes(row.seq) && meet(row, batch, verb, at)) awaited.push(row.seq)
      }
      const end = rows.at(-1)?.seq
      const isLast = rows.length < limit || end === undefined
      const after = isLast ? course.last : end
      const left = isLast ? lookAgain(batch, verb, awaited, at) : awaited
      saveCourse(ledger, batch.id, { ...course, after, met: course.met.filter((seq) => seq > after), awaited: left })
      return isLast && left.length === 0
    },
  }
}
