import { type Course, metOf, passOver, standingOf, takeStep } from '../../src/core/bulk-course.js'
import { type BulkVerb, meetJob, type NewBulkVerb, takesPlaceOf } from '../../src/core/bulk-verb.js'
import { wholeBatch } from '../../src/core/job-filter.js'
import type { Verb } from '../../src/core/verb.js'
import { lawOf } from '../../src/core/verb-law.js'
import type { PageRequest } from '../../src/ports/page.js'
import type { SourceLook } from '../../src/ports/verb-store.js'
import type { MemoryJobs, MemoryRow } from './memory-jobs.js'
import { matches } from './memory-steps.js'

interface VerbRow {
  readonly seq: number
  verb: BulkVerb
  course: Course
}

interface Batches {
  /** This is called when a verb of a batch was begun or is over. */
  verbsChanged(batchId: string): void
  isPaused(batchId: string): boolean
}

/** Creates the verbs for many jobs of the memory store. */
export const createMemoryVerbs = ({ now, pages, bySeq, save, rivalOf }: MemoryJobs, batches: Batches) => {
  let rows: readonly VerbRow[] = []
  let lastSeq = 0

  const unfinished = (): readonly VerbRow[] => rows.filter(({ verb }) => verb.finishedAt === null)
  const find = (id: number): VerbRow | undefined => unfinished().find(({ seq }) => seq === id)
  const batchOf = ({ verb }: VerbRow): string | null => wholeBatch(verb.filter)

  const leaveAlone = ({ seq, job }: MemoryRow, asked: Verb): void => {
    for (const row of unfinished()) {
      if (!lawOf(asked).overrules.includes(row.verb.verb) || !matches(job, row.verb.filter)) continue
      row.course = passOver(row.course, seq)
    }
  }

  /** Returns how a verb meets jobs, which answers true when a job has to be awaited. */
  const meeting =
    (row: VerbRow, looks: readonly SourceLook[]) =>
    (one: MemoryRow): boolean => {
      const later = rows.filter(({ seq, verb }) => seq > row.seq && matches(one.job, verb.filter)).reverse()
      const fingerprint = looks.find(({ jobId }) => jobId === one.job.id)?.fingerprint ?? null
      const circumstances = {
        later: later.map(({ verb }) => verb.verb),
        fingerprint,
        hasRival: lawOf(row.verb.verb).bringsBack && rivalOf(one.job) !== null,
      }
      const met = meetJob(row.verb, one.job, circumstances, now())
      if (met === 'refused') row.verb = { ...row.verb, refused: row.verb.refused + 1 }
      if (typeof met === 'string') return met === 'awaited'
      row.verb = { ...row.verb, changed: row.verb.changed + 1 }
      save(one, met)
      if (!lawOf(row.verb.verb).speaksForAll) leaveAlone(one, row.verb.verb)
      return false
    }

  /** Returns the jobs in the way of a verb. */
  const stretchOf = ({ verb, course: { after, last } }: VerbRow, limit: number) => {
    const { reaches, awaitsCompletion } = lawOf(verb.verb)
    const found = bySeq()
      .filter(({ seq }) => seq > after && seq <= last)
      .filter(({ job: { state } }) => reaches.includes(state) || (awaitsCompletion && state === 'completing'))
      .slice(0, limit)
    return { found, limit, isMatching: ({ job }: MemoryRow) => matches(job, verb.filter) }
  }

  const rests = (row: VerbRow): boolean => {
    const batchId = batchOf(row)
    return batchId !== null && lawOf(row.verb.verb).restsInPausedBatch && batches.isPaused(batchId)
  }

  const end = (row: VerbRow, isReplaced: boolean): void => {
    row.verb = { ...row.verb, finishedAt: now(), isReplaced }
    const batchId = batchOf(row)
    if (batchId !== null && !isReplaced) batches.verbsChanged(batchId)
  }

  const begin = (request: NewBulkVerb): BulkVerb => {
    for (const earlier of unfinished()) if (takesPlaceOf(request, earlier.verb)) end(earlier, true)
    const seq = ++lastSeq
    const counts = { changed: 0, refused: 0, givenAt: now(), finishedAt: null, isReplaced: false }
    const course = { after: 0, last: bySeq().at(-1)?.seq ?? 0, passed: [], awaited: [] }
    const row: VerbRow = { seq, verb: { ...request, id: seq, ...counts }, course }
    rows = [...rows, row]
    const batchId = batchOf(row)
    if (batchId !== null) batches.verbsChanged(batchId)
    if (lawOf(request.verb).needsSource) return row.verb
    const atWork = bySeq().filter(({ leaseUntil }) => leaseUntil !== null)
    const { isMatching } = stretchOf(row, 0)
    const met = metOf(course, { found: atWork, isMatching })
    const awaited = met.filter(meeting(row, [])).map((one) => one.seq)
    row.course = { ...course, passed: met.map((one) => one.seq), awaited }
    return row.verb
  }

  const step = (id: number, limit: number, looks: readonly SourceLook[] = []): 'more' | 'again' | 'over' => {
    const row = find(id)
    if (row === undefined) return 'over'
    if (rests(row)) return 'again'
    const { needsSource } = lawOf(row.verb.verb)
    const taken = takeStep(row.course, {
      ...stretchOf(row, limit),
      isKnown: ({ job }) => !needsSource || looks.some(({ jobId }) => jobId === job.id),
      meet: meeting(row, looks),
      rowOf: (seq) => bySeq().find((one) => one.seq === seq),
    })
    row.course = taken.course
    if (taken.left === 'over') end(row, false)
    return taken.left
  }

  return {
    begin,
    step,
    leaveAlone,
    get: (id: number) => rows.find(({ seq }) => seq === id)?.verb ?? null,
    ofBatch: (batchId: string) =>
      unfinished()
        .filter((row) => batchOf(row) === batchId)
        .map(({ verb }) => verb.verb),
    newest: () => rows.at(-1)?.verb.id ?? 0,
    unfinished: () => unfinished().map((row) => ({ ...row.verb, standing: standingOf(row.course, rests(row)) })),
    jobsOf: (id: number, limit: number) => {
      const row = find(id)
      return row === undefined || rests(row) ? [] : metOf(row.course, stretchOf(row, limit)).map(({ job }) => job)
    },
    list: (request: PageRequest) => pages.newest('verbs', rows, request, ({ verb }) => verb),
    prune: (before: number): void => {
      rows = rows.filter(({ verb }) => verb.finishedAt === null || verb.finishedAt >= before)
    },
  }
}
