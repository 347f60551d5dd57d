import {
  type Batch,
  type BatchFile,
  type BatchProblem,
  createBatch,
  isBatchAtWork,
  isBatchOver,
  type PlannedFile,
} from '../../src/core/batch.js'
import { keyTaken, targetBusy } from '../../src/core/batch-problems.js'
import { shownProblems, viewBatch } from '../../src/core/batch-view.js'
import { isSettled, type Job, type NewJob, pathOf } from '../../src/core/job.js'
import { type Change, countsAfter, removalOf } from '../../src/core/job-changes.js'
import type { JobAnswer } from '../../src/core/job-view.js'
import { controlBatchStep, lawOf } from '../../src/core/verb-law.js'
import type { BatchStore } from '../../src/ports/batch-store.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { createMemoryEvents } from './memory-events.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryPages } from './memory-pages.js'
import type { createMemoryVerbs } from './memory-verbs.js'

interface Row {
  readonly seq: number
  readonly notBefore: number | null
  job: Job
}

interface BatchRow {
  readonly seq: number
  readonly idempotency: IdempotencyKey | null
  readonly files: readonly BatchFile[]
  readonly problems: BatchProblem[]
  readonly planned: PlannedFile[]
  readonly deleted: JobAnswer[]
  forgotten: boolean
  batch: Batch
}

interface Deps {
  readonly now: () => number
  readonly log: ReturnType<typeof createMemoryEvents>
  readonly pages: ReturnType<typeof createMemoryPages>
  jobsBySeq(): readonly Row[]
  readonly verbs: Pick<ReturnType<typeof createMemoryVerbs>, 'begin' | 'step' | 'get' | 'ofBatch'>
  rivalOf(job: NewJob): string | null
  hasRoom(jobs: number, mostQueued: number | null): boolean
  insert(job: NewJob, by: string | null): void
  /** Deletes a job and writes an event about it. */
  drop(row: Row, by: string | null): void
}

/**
 * Creates the batches of the memory store. `moved` is called for every change of a job, also when the job is made (then
 * `before` is null).
 */
export const createMemoryBatches = (deps: Deps) => {
  const { now, log, pages } = deps
  const rows = new Map<string, BatchRow>()
  let lastSeq = 0

  const mustGet = (batchId: string): BatchRow => {
    const row = rows.get(batchId)
    if (row === undefined) throw new Error('there is no such batch')
    return row
  }

  /** Returns the batch as other parts of the store see it. */
  const seen = (batchId: string): BatchRow | undefined => {
    const row = rows.get(batchId)
    return row?.forgotten === false ? row : undefined
  }

  const tell = ({ batch, problems }: BatchRow, type: 'batch.completed' | 'batch.deleted', by: string | null): void =>
    log.appendBatch(type, batch.id, viewBatch(batch, problems.slice(0, shownProblems)), by)

  const settle = (row: BatchRow): void => {
    if (row.forgotten || row.batch.finishedAt !== null || !isBatchOver(row.batch)) return
    row.batch = { ...row.batch, finishedAt: now() }
    tell(row, 'batch.completed', null)
  }

  const moved = (before: Job | null, { job, batch }: Pick<Change, 'job' | 'batch'>): void => {
    const row = job.batchId === null ? undefined : rows.get(job.batchId)
    if (row === undefined) return
    row.batch = { ...row.batch, counts: countsAfter(row.batch.counts, before, job) }
    if (batch === 'settled') settle(row)
    if (batch === 'reopened' && !row.forgotten) row.batch = { ...row.batch, finishedAt: null }
  }

  const addProblem = (row: BatchRow, problem: BatchProblem): void => {
    if (row.problems.some(({ path, code }) => path === problem.path && code === problem.code)) return
    row.problems.push(problem)
    row.batch = { ...row.batch, problems: row.batch.problems + 1, seen: row.batch.seen + 1 }
  }

  const accepted = (row: BatchRow, path: string): void => {
    const kept = row.problems.filter((problem) => problem.path !== path)
    const gone = row.problems.length - kept.length
    row.problems.splice(0, row.problems.length, ...kept)
    row.batch = { ...row.batch, seen: row.batch.seen + 1 - gone, problems: row.batch.problems - gone }
  }

  const addJob = (row: BatchRow, request: NewJob): void => {
    const path = pathOf(request)
    const own = deps
      .jobsBySeq()
      .find(({ job }) => job.batchId === row.batch.id && job.target.key === request.target.key)
    if (own !== undefined) {
      if (pathOf(own.job) !== path) addProblem(row, keyTaken(path, request.target.key))
      return
    }
    const rival = deps.rivalOf(request)
    if (rival !== null) {
      addProblem(row, targetBusy(path, rival))
      return
    }
    deps.insert(request, row.batch.by)
    accepted(row, path)
  }

  const addPlanned = (row: BatchRow, file: PlannedFile): void => {
    const own = row.planned.find(({ key }) => key === file.key)
    if (own === undefined) {
      row.planned.push(file)
      const { counts } = row.batch
      row.batch = { ...row.batch, counts: { ...counts, bytesTotal: counts.bytesTotal + file.size } }
      accepted(row, file.path)
    } else if (own.path !== file.path) addProblem(row, keyTaken(file.path, file.key))
  }

  const pageOf = <T>(
    list: string,
    items: readonly T[],
    { limit, cursor }: { limit: number; cursor: string | null },
  ) => {
    const after = pages.startOf(list, cursor, 0)
    const numbered = items.map((item, index) => ({ item, n: index + 1 })).filter(({ n }) => n > after)
    const page = pages.pageOf(list, numbered, limit, ({ n }) => n)
    return { items: page.items.map(({ item }) => item), nextCursor: page.nextCursor }
  }

  /** This is called when a job is deleted before its batch. */
  const jobDeleted = (job: Job): void => {
    const { note } = removalOf(job)
    if (note !== null && job.batchId !== null) seen(job.batchId)?.deleted.push(note)
  }

  /** Returns whether a batch stays behind when its jobs that finished before an instant are pruned. */
  const stays = (batchId: string, before: number): boolean => {
    const batch = rows.get(batchId)?.batch
    return batch !== undefined && (batch.finishedAt === null || batch.finishedAt >= before)
  }

  const forget = (row: BatchRow, limit: number, by: string | null): number => {
    const jobs = deps.jobsBySeq().filter(({ job }) => job.batchId === row.batch.id)
    const settled = jobs.filter(({ job }) => isSettled(job.state)).slice(0, limit)
    for (const one of settled) deps.drop(one, by)
    if (jobs.length > 0) return settled.length
    const notes = [row.planned, row.problems, row.deleted].map((list) => list.splice(0, limit * 10).length)
    return notes.reduce((sum, count) => sum + count, 0) || Number(rows.delete(row.batch.id))
  }

  const operations: Pick<MemoryOperations, keyof BatchStore> = {
    submitBatch: (request, files, idempotency) => {
      const known =
        idempotency && [...rows.values()].find((row) => !row.forgotten && row.idempotency?.key === idempotency.key)
      if (known) {
        const same = known.idempotency?.fingerprint === idempotency.fingerprint
        return same ? { kind: 'replayed', batch: known.batch } : { kind: 'mismatch' }
      }
      const batch = createBatch(request, now())
      const notes = { problems: [], planned: [], deleted: [] }
      rows.set(batch.id, { seq: ++lastSeq, idempotency, files, ...notes, forgotten: false, batch })
      return { kind: 'created', batch }
    },
    findBatchByIdempotencyKey: (key) => {
      const row = [...rows.values()].find((one) => !one.forgotten && one.idempotency?.key === key)
      return row?.idempotency ? { fingerprint: row.idempotency.fingerprint, batch: row.batch } : null
    },
    getBatch: (batchId) => seen(batchId)?.batch ?? null,
    listBatches: ({ limit, cursor }) => {
      const before = pages.startOf('batches', cursor, Number.MAX_SAFE_INTEGER)
      const found = [...rows.values()].reverse().filter(({ seq, forgotten }) => seq < before && !forgotten)
      const page = pages.pageOf('batches', found, limit, ({ seq }) => seq)
      return { items: page.items.map(({ batch }) => batch), nextCursor: page.nextCursor }
    },
    unfinishedBatches: () => [...rows.values()].map(({ batch }) => batch).filter(isBatchAtWork),
    batchFiles: (batchId, from, limit) => mustGet(batchId).files.slice(from, from + limit),
    extendBatch: (batchId, { jobs, problems, planned, listed }, mostQueued = null) => {
      const row = rows.get(batchId)
      if (row === undefined || row.batch.walk !== 'going' || row.batch.desired !== 'run') return 'stopped'
      if (jobs.length > 0 && !deps.hasRoom(jobs.length, mostQueued)) return 'full'
      for (const job of jobs) addJob(row, job)
      for (const file of planned) addPlanned(row, file)
      for (const problem of problems) addProblem(row, problem)
      if (listed !== null) row.batch = { ...row.batch, listed }
      return 'ok'
    },
    endWalk: (batchId) => {
      const row = rows.get(batchId)
      if (row === undefined || row.batch.walk !== 'going') return
      row.batch = { ...row.batch, walk: 'done' }
      settle(row)
    },
    controlBatch: (batchId, verb, by = null) => {
      const row = seen(batchId)
      if (row === undefined) return { kind: 'not_found' }
      const next = controlBatchStep(row.batch, verb)
      if (next === 'invalid_state') return { kind: 'invalid_state', batch: row.batch }
      if (next === row.batch) return { kind: 'ok', batch: next, verb: null }
      row.batch = next
      const { reaches, needsSource } = lawOf(verb)
      const jobs = reaches.reduce((sum, state) => sum + next.counts[state], 0)
      const { id } = deps.verbs.begin({ verb, filter: { batchId }, by, jobs, batches: 1 })
      if (!needsSource) deps.verbs.step(id, 256)
      return { kind: 'ok', batch: row.batch, verb: deps.verbs.get(id) }
    },
    removeBatch: (batchId, limit, by = null) => {
      const row = rows.get(batchId)
      if (row === undefined) return 'not_found'
      if (!row.forgotten) {
        if (row.batch.finishedAt === null) return 'invalid_state'
        row.forgotten = true
        tell(row, 'batch.deleted', by)
      }
      return forget(row, limit, by) > 0 && rows.has(batchId) ? 'more' : 'over'
    },
    deletedJobs: (batchId, page) => pageOf('deleted', rows.get(batchId)?.deleted ?? [], page),
    batchProblems: (batchId, page) => pageOf('problems', rows.get(batchId)?.problems ?? [], page),
    plannedFiles: (batchId, page) => pageOf('planned', rows.get(batchId)?.planned ?? [], page),
  }
  const prune = (before: number, limit: number): number => {
    let left = limit
    for (const [id, { batch, planned, problems, deleted }] of rows) {
      const over = batch.finishedAt !== null && batch.finishedAt < before
      if (!over || left === 0 || deps.jobsBySeq().some(({ job }) => job.batchId === id)) continue
      for (const list of [planned, problems, deleted]) left -= list.splice(0, left).length
      if (left > 0 && rows.delete(id)) left--
    }
    const forgotten = [...rows.values()].filter((row) => row.forgotten)
    return limit - left + forgotten.reduce((sum, row) => sum + forget(row, limit, null), 0)
  }
  /** This is called when the verbs of a batch have changed. */
  const verbsChanged = (batchId: string): void => {
    const row = rows.get(batchId)
    if (row === undefined) return
    row.batch = { ...row.batch, underway: deps.verbs.ofBatch(batchId) }
    settle(row)
  }
  const isPaused = (batchId: string): boolean => rows.get(batchId)?.batch.desired === 'pause'
  return { operations, moved, prune, verbsChanged, isPaused, jobDeleted, stays }
}
