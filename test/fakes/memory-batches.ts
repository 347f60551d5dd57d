import {
  type Batch,
  type BatchFile,
  type BatchProblem,
  createBatch,
  isBatchAtWork,
  isBatchOver,
  type PlannedFile,
} from '../../src/core/batch.js'
import { meetFile } from '../../src/core/batch-problems.js'
import { shownProblems, viewBatch } from '../../src/core/batch-view.js'
import { verbForBatch } from '../../src/core/bulk-verb.js'
import { walkChore } from '../../src/core/chore.js'
import { isSettled, type NewJob, pathOf } from '../../src/core/job.js'
import { countedOf, countsAfter, removalOf } from '../../src/core/job-changes.js'
import type { JobAnswer } from '../../src/core/job-view.js'
import { controlBatchStep, lawOf } from '../../src/core/verb-law.js'
import type { BatchStore, Walk } from '../../src/ports/batch-store.js'
import type { IdempotencyKey } from '../../src/ports/idempotency-key.js'
import type { MemoryJobs, MemoryRow } from './memory-jobs.js'
import { firstWithKey, type MemoryOperations } from './memory-operations.js'
import { createMemoryVerbs } from './memory-verbs.js'

interface BatchRow {
  readonly seq: number
  readonly idempotency: IdempotencyKey | null
  readonly files: readonly BatchFile[]
  problems: readonly BatchProblem[]
  readonly planned: PlannedFile[]
  readonly deleted: JobAnswer[]
  forgotten: boolean
  batch: Batch
}

/** Creates the batches of the memory store, and the verbs for many jobs, which the batches await. */
export const createMemoryBatches = (
  jobs: MemoryJobs,
  { isHeld }: { isHeld(chore: string, epoch: number): boolean },
) => {
  const { now, log, pages } = jobs
  const rows = new Map<string, BatchRow>()
  let lastSeq = 0

  /** Returns the batches that requests find. */
  const seen = (): readonly BatchRow[] => [...rows.values()].filter(({ forgotten }) => !forgotten)
  const find = (batchId: string): BatchRow | undefined => seen().find(({ batch }) => batch.id === batchId)
  const jobsOf = (batchId: string): readonly MemoryRow[] => jobs.bySeq().filter(({ job }) => job.batchId === batchId)

  const change = (row: BatchRow, changes: Partial<Batch>): void => {
    row.batch = { ...row.batch, ...changes }
  }

  const tell = ({ batch, problems }: BatchRow, type: 'batch.completed' | 'batch.deleted', by: string | null): void => {
    const view = viewBatch(batch, problems.slice(0, shownProblems))
    log.append(type, { jobId: null, batchId: batch.id }, { batch: view }, by)
  }

  const settle = (row: BatchRow): void => {
    if (row.forgotten || row.batch.finishedAt !== null || !isBatchOver(row.batch)) return
    change(row, { finishedAt: now() })
    tell(row, 'batch.completed', null)
  }

  const verbs = createMemoryVerbs(jobs, {
    isPaused: (batchId) => rows.get(batchId)?.batch.desired === 'pause',
    verbsChanged: (batchId) => {
      const row = rows.get(batchId)
      if (row === undefined) return
      change(row, { underway: verbs.ofBatch(batchId) })
      settle(row)
    },
  })

  jobs.followers.push({
    changed(before, { job, batch }) {
      const row = rows.get(job.batchId ?? '')
      if (row === undefined) return
      change(row, { counts: countsAfter(row.batch.counts, before && countedOf(before), countedOf(job)) })
      if (batch === 'settled') settle(row)
      if (batch === 'reopened' && !row.forgotten) change(row, { finishedAt: null })
    },
    removed(job, prunedBefore) {
      const row = find(job.batchId ?? '')
      const { note } = removalOf(job)
      const goesToo = prunedBefore !== null && (row?.batch.finishedAt ?? prunedBefore) < prunedBefore
      if (note !== null && !goesToo) row?.deleted.push(note)
    },
  })

  const addProblem = (row: BatchRow, problem: BatchProblem): void => {
    if (row.problems.some(({ path, code }) => path === problem.path && code === problem.code)) return
    row.problems = [...row.problems, problem]
    change(row, { problems: row.batch.problems + 1, seen: row.batch.seen + 1 })
  }

  /** Returns whether the file is accepted now. It may have been a problem once, before the walk was begun anew. */
  const isAccepted = (row: BatchRow, file: BatchFile, own: string | null, rival: string | null): boolean => {
    const met = meetFile(file, own, rival)
    if (typeof met !== 'string') addProblem(row, met)
    if (met !== 'accepted') return false
    const kept = row.problems.filter(({ path }) => path !== file.path)
    const gone = row.problems.length - kept.length
    row.problems = kept
    change(row, { seen: row.batch.seen + 1 - gone, problems: row.batch.problems - gone })
    return true
  }

  const addJob = (row: BatchRow, request: NewJob): void => {
    const file = { path: pathOf(request), key: request.target.key }
    const own = jobsOf(row.batch.id).find(({ job }) => job.target.key === file.key)
    if (!isAccepted(row, file, own === undefined ? null : pathOf(own.job), jobs.rivalOf(request))) return
    jobs.insert(request, null, row.batch.by)
  }

  const addPlanned = (row: BatchRow, file: PlannedFile): void => {
    const own = row.planned.find(({ key }) => key === file.key)
    if (!isAccepted(row, file, own?.path ?? null, null)) return
    row.planned.push(file)
    const { counts } = row.batch
    change(row, { counts: { ...counts, bytesTotal: counts.bytesTotal + file.size } })
  }

  const dropNotes = (row: BatchRow, limit: number): number => {
    const problems = row.problems.slice(limit)
    const dropped = [row.planned, row.deleted].map((list) => list.splice(0, limit).length)
    const count = dropped.reduce((sum, one) => sum + one, row.problems.length - problems.length)
    row.problems = problems
    return count
  }

  const forget = (row: BatchRow, limit: number, by: string | null): number => {
    const left = jobsOf(row.batch.id)
    const settled = left.filter(({ job }) => isSettled(job.state)).slice(0, limit)
    for (const one of settled) jobs.drop(one, by)
    return left.length > 0 ? settled.length : dropNotes(row, limit * 10) || Number(rows.delete(row.batch.id))
  }

  const walkedBy = ({ batchId, epoch }: Walk): BatchRow | undefined => {
    const row = isHeld(walkChore(batchId), epoch) ? rows.get(batchId) : undefined
    return row?.batch.walk === 'going' ? row : undefined
  }

  const operations: Pick<MemoryOperations, keyof BatchStore> = {
    submitBatch: (request, files, idempotency) => {
      const known = firstWithKey(seen(), idempotency?.key)
      if (known !== null) {
        const isSame = known.fingerprint === idempotency?.fingerprint
        return isSame ? { kind: 'replayed', batch: known.row.batch } : { kind: 'mismatch' }
      }
      const batch = createBatch(request, now())
      const notes = { problems: [], planned: [], deleted: [] }
      rows.set(batch.id, { seq: ++lastSeq, idempotency, files, ...notes, forgotten: false, batch })
      return { kind: 'created', batch }
    },
    findBatchByIdempotencyKey: (key) => {
      const known = firstWithKey(seen(), key)
      return known && { fingerprint: known.fingerprint, batch: known.row.batch }
    },
    getBatch: (batchId) => find(batchId)?.batch ?? null,
    listBatches: (request) => pages.newest('batches', seen(), request, ({ batch }) => batch),
    unfinishedBatches: () => [...rows.values()].map(({ batch }) => batch).filter(isBatchAtWork),
    batchFiles: (batchId, from, limit) => rows.get(batchId)?.files.slice(from, from + limit) ?? [],
    extendBatch: (walk, found, mostQueued = null) => {
      const row = walkedBy(walk)
      if (row === undefined || row.batch.desired !== 'run') return 'stopped'
      if (found.jobs.length > 0 && !jobs.hasRoom(found.jobs.length, mostQueued)) return 'full'
      for (const job of found.jobs) addJob(row, job)
      for (const file of found.planned) addPlanned(row, file)
      for (const problem of found.problems) addProblem(row, problem)
      if (found.listed !== null) change(row, { listed: found.listed })
      return 'ok'
    },
    endWalk: (walk) => {
      const row = walkedBy(walk)
      if (row === undefined) return
      change(row, { walk: 'done' })
      settle(row)
    },
    controlBatch: (batchId, verb, by = null) => {
      const row = find(batchId)
      if (row === undefined) return { kind: 'not_found' }
      const next = controlBatchStep(row.batch, verb)
      if (next === 'invalid_state') return { kind: 'invalid_state', batch: row.batch }
      if (next === row.batch) return { kind: 'ok', batch: next, verb: null }
      row.batch = next
      const { id } = verbs.begin(verbForBatch(next, verb, by))
      if (!lawOf(verb).needsSource) verbs.step(id, 256)
      return { kind: 'ok', batch: row.batch, verb: verbs.get(id) }
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
    deletedJobs: (batchId, request) => pages.numbered('deleted', rows.get(batchId)?.deleted ?? [], request),
    batchProblems: (batchId, request) => pages.numbered('problems', rows.get(batchId)?.problems ?? [], request),
    plannedFiles: (batchId, request) => pages.numbered('planned', rows.get(batchId)?.planned ?? [], request),
  }

  const prune = (before: number, limit: number): number => {
    let left = limit
    for (const [id, row] of rows) {
      const isOver = row.batch.finishedAt !== null && row.batch.finishedAt < before
      if (!isOver || left <= 0 || jobsOf(id).length > 0) continue
      left -= dropNotes(row, left)
      if (left > 0 && rows.delete(id)) left--
    }
    const forgotten = [...rows.values()].filter((row) => row.forgotten)
    return limit - left + forgotten.reduce((sum, row) => sum + forget(row, limit, null), 0)
  }

  return { operations, verbs, prune }
}
