import { type BulkVerb, type Course, isOverruled, meetJob, passOver } from '../../../core/bulk-verb.js'
import type { Fingerprint, Job } from '../../../core/job.js'
import type { JobFilter } from '../../../core/job-filter.js'
import type { Verb } from '../../../core/verb.js'
import { lawOf } from '../../../core/verb-law.js'
import type { SourceLook } from '../../../ports/verb-store.js'
import { filterParameters, matches } from '../sql/job-filter.js'
import { type JobRow, jobOf } from '../sql/rows.js'
import { rivalOf } from './insert-job.js'
import type { JobWriter } from './job-writer.js'

/** This is a row of `bulk_verbs`. */
export interface VerbRow {
  readonly id: number
  readonly verb: Verb
  readonly filter: string
  readonly batch_id: string | null
  readonly actor: string | null
  readonly jobs: number
  readonly batches: number
  readonly changed: number
  readonly refused: number
  readonly after: number
  readonly last: number
  readonly passed: string
  readonly awaited: string
  readonly given_at: number
  readonly finished_at: number | null
  readonly replaced: 0 | 1
}

export const verbOf = (row: VerbRow): BulkVerb => ({
  id: row.id,
  verb: row.verb,
  filter: JSON.parse(row.filter) as JobFilter,
  by: row.actor,
  jobs: row.jobs,
  batches: row.batches,
  changed: row.changed,
  refused: row.refused,
  givenAt: row.given_at,
  finishedAt: row.finished_at,
  isReplaced: row.replaced === 1,
})

const courseOf = ({ after, last, passed, awaited }: VerbRow): Course => ({
  after,
  last,
  passed: JSON.parse(passed) as number[],
  awaited: JSON.parse(awaited) as number[],
})

/** This finds the next jobs of one state. */
export const nextOfStateSql = `
  SELECT *, ${matches} FROM jobs INDEXED BY jobs_state
  WHERE state = :state AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

/**
 * This finds the next jobs of a batch. Its condition has the words of the index's condition, because SQLite could not
 * use the index otherwise.
 */
export const nextOfBatchSql = `
  SELECT *, ${matches} FROM jobs INDEXED BY jobs_batch_idle
  WHERE batch_id = :batchId AND state = :state AND state IN ('queued', 'paused', 'failed') AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

export const atWorkSql = `
  SELECT *, ${matches} FROM jobs INDEXED BY jobs_leased
  WHERE lease_until IS NOT NULL AND seq <= :last`

type MatchedRow = JobRow & { readonly matches: 0 | 1 }

/** The index of a batch's jobs holds the jobs in these states. There are never many jobs in the others. */
const idleStates: readonly Job['state'][] = ['queued', 'paused', 'failed']

const bySeq = (a: JobRow, b: JobRow): number => a.seq - b.seq

export interface BulkSteps {
  /** Applies a verb that was given just now to the jobs that are being worked on. */
  begin(id: number, at: number): void
  /** Returns the jobs that the next step meets. */
  next(id: number, limit: number): readonly Job[]
  step(id: number, limit: number, sources: readonly SourceLook[], at: number): 'more' | 'again' | 'over'
  /** Lets earlier verbs that are on their way pass over a job for which something else is asked now. */
  leaveAlone(row: JobRow, asked: Verb): void
}

/** Creates what a bulk verb does in one transaction. Core holds its law. */
export const createBulkSteps = (writer: JobWriter): BulkSteps => {
  const { database, statements, save } = writer
  const nextOfState = database.prepare(nextOfStateSql)
  const nextOfBatch = database.prepare(nextOfBatchSql)
  const atWork = database.prepare(atWorkSql)
  const matching = database.prepare(`SELECT ${matches} FROM jobs WHERE seq = :seq`).pluck()

  const matchesJob = ({ filter }: VerbRow, seq: number): boolean =>
    matching.get({ ...filterParameters(JSON.parse(filter) as JobFilter), seq }) === 1

  const unfinished = (): readonly VerbRow[] => statements.unfinishedVerbs.all() as VerbRow[]

  const find = (id: number): VerbRow | null => {
    const row = statements.verbById.get(id) as VerbRow | undefined
    return row === undefined || row.finished_at !== null ? null : row
  }

  const saveCourse = (id: number, { after, passed, awaited }: Course, counts = { changed: 0, refused: 0 }): void =>
    void statements.saveCourse.run({
      id,
      after,
      passed: JSON.stringify(passed),
      awaited: JSON.stringify(awaited),
      ...counts,
    })

  const leaveAlone: BulkSteps['leaveAlone'] = (row, asked) => {
    for (const earlier of unfinished()) {
      if (!lawOf(asked).overrules.includes(earlier.verb) || !matchesJob(earlier, row.seq)) continue
      const course = courseOf(earlier)
      const left = passOver(course, row.seq)
      if (left !== course) saveCourse(earlier.id, left)
    }
  }

  /** Returns the next jobs in the order in which they were made, including those that do not match. */
  const nextRows = ({ verb, filter }: VerbRow, { after, last }: Course, limit: number): readonly MatchedRow[] => {
    const wanted = { ...filterParameters(JSON.parse(filter) as JobFilter), after, last, limit }
    const { reaches, awaitsCompletion } = lawOf(verb)
    const rows = [...reaches, ...(awaitsCompletion ? (['completing'] as const) : [])].flatMap((state) => {
      const query = wanted.batchId !== null && idleStates.includes(state) ? nextOfBatch : nextOfState
      return query.all({ ...wanted, state }) as MatchedRow[]
    })
    return rows.sort(bySeq).slice(0, limit)
  }

  /** Applies one verb to jobs, and counts what comes of it. */
  const createMeeting = (row: VerbRow, sources: readonly SourceLook[], at: number) => {
    const law = lawOf(row.verb)
    const verb = verbOf(row)
    const course = courseOf(row)
    const passed = new Set(course.passed)
    const looks = new Map<string, Fingerprint | null>(sources.map(({ jobId, fingerprint }) => [jobId, fingerprint]))
    const later = statements.verbsAfter.all(row.id) as VerbRow[]
    const counts = { changed: 0, refused: 0 }

    const isOver = (seq: number): boolean =>
      later.length > 0 &&
      isOverruled(
        row.verb,
        later.filter((one) => matchesJob(one, seq)).map((one) => one.verb),
      )

    /** Returns true when the job has to be awaited. */
    const tell = (jobRow: JobRow): boolean => {
      const job = jobOf(jobRow)
      if (isOver(jobRow.seq)) return false
      const fingerprint = law.needsSource ? looks.get(job.id) : job.source.fingerprint
      const step = meetJob(verb, job, fingerprint ?? job.source.fingerprint, at)
      if (typeof step === 'string') return step === 'awaited'
      if (fingerprint === null || (law.needsSource && rivalOf(writer, job) !== null)) {
        counts.refused++
        return false
      }
      save(jobRow, step, at)
      counts.changed++
      if (!law.speaksForAll) leaveAlone(jobRow, row.verb)
      return false
    }

    return {
      counts,
      course,
      isMet: ({ seq, matches: matched }: MatchedRow): boolean => matched === 1 && !passed.has(seq),
      isKnown: ({ id }: JobRow): boolean => !law.needsSource || looks.has(id),
      tell,
    }
  }

  /** Returns whether a batch's verb has to wait for as long as the batch is paused. */
  const rests = ({ verb, batch_id }: VerbRow): boolean =>
    batch_id !== null &&
    lawOf(verb).restsInPausedBatch &&
    (statements.desireOfBatch.get(batch_id) as { desired: string } | undefined)?.desired === 'pause'

  const finish = (row: VerbRow, at: number): void => {
    statements.finishVerb.run({ id: row.id, at, replaced: 0 })
    if (row.batch_id !== null) writer.batches.settle(row.batch_id, at)
  }

  return {
    leaveAlone,

    begin(id, at) {
      const row = find(id)
      if (row === null || lawOf(row.verb).needsSource) return
      const meeting = createMeeting(row, [], at)
      const wanted = { ...filterParameters(JSON.parse(row.filter) as JobFilter), last: row.last }
      const rows = (atWork.all(wanted) as MatchedRow[]).filter(meeting.isMet)
      const awaited = rows.filter(meeting.tell).map(({ seq }) => seq)
      saveCourse(id, { ...meeting.course, passed: rows.map(({ seq }) => seq), awaited }, meeting.counts)
    },

    next(id, limit) {
      const row = find(id)
      if (row === null || rests(row)) return []
      const { isMet } = createMeeting(row, [], 0)
      return nextRows(row, courseOf(row), limit).filter(isMet).map(jobOf)
    },

    step(id, limit, sources, at) {
      const row = find(id)
      if (row === null) return 'over'
      if (rests(row)) return 'again'
      const meeting = createMeeting(row, sources, at)
      const { course } = meeting
      const rows = nextRows(row, course, limit)
      const unknown = rows.findIndex((one) => meeting.isMet(one) && !meeting.isKnown(one))
      const met = unknown === -1 ? rows : rows.slice(0, unknown)
      const awaited = [
        ...course.awaited,
        ...met
          .filter(meeting.isMet)
          .filter(meeting.tell)
          .map(({ seq }) => seq),
      ]
      const isLast = unknown === -1 && rows.length < limit
      const after = isLast ? course.last : (met.at(-1)?.seq ?? course.after)
      const left = isLast
        ? awaited.filter((seq) => {
            const found = statements.jobBySeq.get(seq) as JobRow | undefined
            return found !== undefined && meeting.tell(found)
          })
        : awaited
      const passed = course.passed.filter((seq) => seq > after)
      saveCourse(id, { ...course, after, passed, awaited: left }, meeting.counts)
      if (!isLast) return 'more'
      if (left.length > 0) return 'again'
      finish(row, at)
      return 'over'
    },
  }
}
