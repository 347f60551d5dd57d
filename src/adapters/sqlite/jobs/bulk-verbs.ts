import { type Course, metOf, passOver, standingOf, takeStep, type VerbStanding } from '../../../core/bulk-course.js'
import { type BulkVerb, meetJob } from '../../../core/bulk-verb.js'
import type { FingerprintNow, Job } from '../../../core/job.js'
import type { JobFilter } from '../../../core/job-filter.js'
import type { Verb } from '../../../core/verb.js'
import { lawOf } from '../../../core/verb-law.js'
import type { SourceLook } from '../../../ports/verb-store.js'
import { filterParameters, matches } from '../sql/job-filter.js'
import { type JobRow, jobOf, jobRow } from '../sql/rows.js'
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
  SELECT ${jobRow}, ${matches} FROM jobs INDEXED BY jobs_state
  WHERE state = :state AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

/**
 * This finds the next jobs of a batch. Its condition has the words of the index's condition, because SQLite could not
 * use the index otherwise.
 */
export const nextOfBatchSql = `
  SELECT ${jobRow}, ${matches} FROM jobs INDEXED BY jobs_batch_idle
  WHERE batch_id = :batchId AND state = :state AND state IN ('queued', 'paused', 'failed') AND seq > :after AND seq <= :last
  ORDER BY seq LIMIT :limit`

export const atWorkSql = `
  SELECT ${jobRow}, ${matches} FROM jobs INDEXED BY jobs_leased
  WHERE lease_until IS NOT NULL AND seq <= :last`

type MatchedRow = JobRow & { readonly matches: 0 | 1 }

/** The index of a batch's jobs holds the jobs in these states. There are never many jobs in the others. */
const idleStates: readonly Job['state'][] = ['queued', 'paused', 'failed']

const isMatching = ({ matches }: MatchedRow): boolean => matches === 1

const bySeq = (a: JobRow, b: JobRow): number => a.seq - b.seq

export interface BulkSteps {
  /** Applies a verb that was given just now to the jobs that are being worked on. */
  begin(id: number, at: number): void
  /** Returns the jobs that the next step meets. */
  next(id: number, limit: number): readonly Job[]
  step(id: number, limit: number, sources: readonly SourceLook[], at: number): 'more' | 'again' | 'over'
  /** Returns what is left of a verb that is not over. */
  standing(row: VerbRow): VerbStanding
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
    const looks = new Map<string, FingerprintNow | null>(sources.map(({ jobId, fingerprint }) => [jobId, fingerprint]))
    const later = statements.verbsAfter.all(row.id) as VerbRow[]
    const counts = { changed: 0, refused: 0 }

    /** Returns true when the job has to be awaited. */
    const meet = (jobRow: JobRow): boolean => {
      const job = jobOf(jobRow)
      const circumstances = {
        later: later.filter((one) => matchesJob(one, jobRow.seq)).map((one) => one.verb),
        fingerprint: looks.get(job.id) ?? null,
        hasRival: law.bringsBack && rivalOf(writer, job) !== null,
      }
      const met = meetJob(verb, job, circumstances, at)
      if (met === 'refused') counts.refused++
      if (typeof met === 'string') return met === 'awaited'
      save(jobRow, met, at)
      counts.changed++
      if (!law.speaksForAll) leaveAlone(jobRow, row.verb)
      return false
    }

    return {
      counts,
      isKnown: ({ id }: JobRow): boolean => !law.needsSource || looks.has(id),
      meet,
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
    standing: (row) => standingOf(courseOf(row), rests(row)),

    begin(id, at) {
      const row = find(id)
      if (row === null || lawOf(row.verb).needsSource) return
      const course = courseOf(row)
      const { counts, meet } = createMeeting(row, [], at)
      const wanted = { ...filterParameters(JSON.parse(row.filter) as JobFilter), last: row.last }
      const rows = metOf(course, { found: atWork.all(wanted) as MatchedRow[], isMatching })
      const awaited = rows.filter(meet).map(({ seq }) => seq)
      saveCourse(id, { ...course, passed: rows.map(({ seq }) => seq), awaited }, counts)
    },

    next(id, limit) {
      const row = find(id)
      if (row === null || rests(row)) return []
      const course = courseOf(row)
      return metOf(course, { found: nextRows(row, course, limit), isMatching }).map(jobOf)
    },

    step(id, limit, sources, at) {
      const row = find(id)
      if (row === null) return 'over'
      if (rests(row)) return 'again'
      const { counts, ...meeting } = createMeeting(row, sources, at)
      const rowOf = (seq: number) => statements.jobBySeq.get(seq) as MatchedRow | undefined
      const step = takeStep(courseOf(row), {
        found: nextRows(row, courseOf(row), limit),
        limit,
        isMatching,
        rowOf,
        ...meeting,
      })
      saveCourse(id, step.course, counts)
      if (step.left === 'over') finish(row, at)
      return step.left
    },
  }
}
