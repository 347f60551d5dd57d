import {
  type BulkVerb,
  type Course,
  isOverruled,
  meetJob,
  type NewBulkVerb,
  passOver,
  takesPlaceOf,
} from '../../src/core/bulk-verb.js'
import type { Job } from '../../src/core/job.js'
import { wholeBatch } from '../../src/core/job-filter.js'
import type { Step } from '../../src/core/job-steps.js'
import type { Verb } from '../../src/core/verb.js'
import { lawOf } from '../../src/core/verb-law.js'
import type { SourceLook } from '../../src/ports/verb-store.js'
import type { createMemoryPages } from './memory-pages.js'
import { matches } from './memory-steps.js'

interface Row {
  readonly seq: number
  job: Job
}

interface VerbRow {
  verb: BulkVerb
  course: Course
}

interface Deps {
  readonly now: () => number
  readonly pages: ReturnType<typeof createMemoryPages>
  jobsBySeq(): readonly Row[]
  save(row: Row, step: Step): Job
  rivalOf(job: Job): string | null
  /** This is called when a verb of a batch was begun or is over. */
  batchChanged(batchId: string): void
  isPaused(batchId: string): boolean
}

/** Creates the verbs for many jobs of the memory store. */
export const createMemoryVerbs = ({ now, pages, jobsBySeq, save, rivalOf, batchChanged, isPaused }: Deps) => {
  const rows: VerbRow[] = []

  const unfinished = (): VerbRow[] => rows.filter(({ verb }) => verb.finishedAt === null)
  const find = (id: number): VerbRow | undefined => unfinished().find(({ verb }) => verb.id === id)

  const leaveAlone = ({ seq, job }: Row, asked: Verb): void => {
    for (const row of unfinished()) {
      if (!lawOf(asked).overrules.includes(row.verb.verb) || !matches(job, row.verb.filter)) continue
      row.course = passOver(row.course, seq)
    }
  }

  const isLeftAlone = ({ verb }: VerbRow, job: Job): boolean => {
    const later = rows.filter((one) => one.verb.id > verb.id && matches(job, one.verb.filter)).reverse()
    return isOverruled(
      verb.verb,
      later.map((one) => one.verb.verb),
    )
  }

  /** Returns true when the job has to be awaited. */
  const tell = (row: VerbRow, one: Row, looks: readonly SourceLook[]): boolean => {
    const { verb } = row
    const law = lawOf(verb.verb)
    if (isLeftAlone(row, one.job)) return false
    const look = looks.find(({ jobId }) => jobId === one.job.id)
    const step = meetJob(verb, one.job, look?.fingerprint ?? one.job.source.fingerprint, now())
    if (typeof step === 'string') return step === 'awaited'
    const isRefused = law.needsSource && (look?.fingerprint === null || rivalOf(one.job) !== null)
    row.verb = isRefused ? { ...verb, refused: verb.refused + 1 } : { ...verb, changed: verb.changed + 1 }
    if (isRefused) return false
    save(one, step)
    if (!law.speaksForAll) leaveAlone(one, verb.verb)
    return false
  }

  const next = ({ verb, course }: VerbRow, limit: number): readonly Row[] => {
    const { reaches, awaitsCompletion } = lawOf(verb.verb)
    const { after, last, passed } = course
    return jobsBySeq()
      .filter(({ seq, job }) => seq > after && seq <= last && matches(job, verb.filter) && !passed.includes(seq))
      .filter(({ job }) => reaches.includes(job.state) || (awaitsCompletion && job.state === 'completing'))
      .slice(0, limit)
  }

  const rests = ({ verb }: VerbRow): boolean => {
    const batchId = wholeBatch(verb.filter)
    return batchId !== null && lawOf(verb.verb).restsInPausedBatch && isPaused(batchId)
  }

  const end = (row: VerbRow, isReplaced: boolean): void => {
    row.verb = { ...row.verb, finishedAt: now(), isReplaced }
    const batchId = wholeBatch(row.verb.filter)
    if (batchId !== null && !isReplaced) batchChanged(batchId)
  }

  const begin = (request: NewBulkVerb): BulkVerb => {
    for (const earlier of unfinished()) if (takesPlaceOf(request, earlier.verb)) end(earlier, true)
    const counts = { changed: 0, refused: 0, givenAt: now(), finishedAt: null, isReplaced: false }
    const last = jobsBySeq().at(-1)?.seq ?? 0
    const row: VerbRow = {
      verb: { ...request, id: rows.length + 1, ...counts },
      course: { after: 0, last, passed: [], awaited: [] },
    }
    rows.push(row)
    const batchId = wholeBatch(request.filter)
    if (batchId !== null) batchChanged(batchId)
    if (lawOf(request.verb).needsSource) return row.verb
    const atWork = jobsBySeq().filter(
      ({ job }) => ['running', 'completing'].includes(job.state) && matches(job, request.filter),
    )
    const awaited = atWork.filter((one) => tell(row, one, [])).map(({ seq }) => seq)
    row.course = { ...row.course, passed: atWork.map(({ seq }) => seq), awaited }
    return row.verb
  }

  const step = (id: number, limit: number, looks: readonly SourceLook[] = []): 'more' | 'again' | 'over' => {
    const row = find(id)
    if (row === undefined) return 'over'
    if (rests(row)) return 'again'
    const found = next(row, limit)
    const unknown = lawOf(row.verb.verb).needsSource
      ? found.findIndex(({ job }) => !looks.some(({ jobId }) => jobId === job.id))
      : -1
    const met = unknown === -1 ? found : found.slice(0, unknown)
    const isLast = unknown === -1 && found.length < limit
    const newly = met.filter((one) => tell(row, one, looks)).map(({ seq }) => seq)
    const awaited = [...row.course.awaited, ...newly]
    const after = isLast ? row.course.last : (met.at(-1)?.seq ?? row.course.after)
    const left = isLast
      ? jobsBySeq()
          .filter(({ seq }) => awaited.includes(seq))
          .filter((one) => tell(row, one, looks))
          .map(({ seq }) => seq)
      : awaited
    row.course = { ...row.course, after, awaited: left }
    if (!isLast) return 'more'
    if (left.length > 0) return 'again'
    end(row, false)
    return 'over'
  }

  return {
    begin,
    step,
    leaveAlone,
    get: (id: number) => rows.find(({ verb }) => verb.id === id)?.verb ?? null,
    ofBatch: (batchId: string) =>
      unfinished()
        .filter(({ verb }) => wholeBatch(verb.filter) === batchId)
        .map(({ verb }) => verb.verb),
    unfinished: () => unfinished().map(({ verb }) => verb),
    jobsOf: (id: number, limit: number) => {
      const row = find(id)
      return row === undefined || rests(row) ? [] : next(row, limit).map(({ job }) => job)
    },
    list: ({ limit, cursor }: { limit: number; cursor: string | null }) => {
      const before = pages.startOf('verbs', cursor, Number.MAX_SAFE_INTEGER)
      const found = rows.filter(({ verb }) => verb.id < before).map(({ verb }) => verb)
      return pages.pageOf('verbs', found.reverse(), limit, ({ id }) => id)
    },
    prune: (before: number) => {
      for (const { verb } of rows.filter((row) => row.verb.finishedAt !== null && row.verb.finishedAt < before)) {
        rows.splice(
          rows.findIndex((row) => row.verb.id === verb.id),
          1,
        )
      }
    },
  }
}
