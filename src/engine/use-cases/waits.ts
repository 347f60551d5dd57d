import { AppError } from '../../core/app-error.js'
import { type Batch, isBatchAtWork, unsettledJobs } from '../../core/batch.js'
import { isSettled } from '../../core/job.js'
import type { JobFilter } from '../../core/job-filter.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { Clock } from '../../ports/clock.js'
import type { JobCounts, JobStore } from '../../ports/job-store.js'
import type { Wakeup } from '../../ports/wakeup.js'
import { createWaker } from '../async/waker.js'

export interface WaitAnswer {
  /** Nothing that matches is pending. */
  readonly done: boolean
  readonly counts: JobCounts
}

/** An instant, or a duration before now. */
export type Since = { readonly at: number } | { readonly agoMs: number }

/** Says which jobs are meant. When labels, a batch or ids name them, `since` leaves out the jobs that were made before it. */
export interface WaitFilter extends Pick<JobFilter, 'ids' | 'batchId' | 'labels' | 'bucket' | 'node'> {
  readonly since?: Since
}

/** Waits for all jobs that match. Sidecars and drains use it. */
export interface Waits {
  /**
   * Resolves to the counts once nothing that matches is pending, or to what they are after `timeoutMs` or when the signal
   * aborts. Jobs that come meanwhile and match are waited for too. When nothing but `since` and `node` is given, everything that is not
   * settled now, everything that comes and everything that has settled from `since` on is meant. Throws AppError
   * `job_not_found` or `batch_not_found` for unknown ids.
   */
  wait(filter: WaitFilter, timeoutMs: number, signal: AbortSignal): Promise<WaitAnswer>
}

interface Deps {
  readonly store: Pick<JobStore, 'get' | 'countJobs'> & Pick<BatchStore, 'getBatch' | 'unfinishedBatches'>
  readonly wakeup: Wakeup
  readonly clock: Clock
}

/** Hints can be lost, so a waiter looks this often anyway. */
const pollMs = 1_000

interface Sight extends JobCounts {
  readonly newestPending: string | null
}

const nothing: Sight = { pending: 0, completed: 0, failed: 0, cancelled: 0, newestPending: null }

/** Returns whether jobs that a batch is going to make, or to bring back, may match. Its jobs inherit its labels. */
export const mayMatch = (
  { id, place, target, template }: Batch,
  { batchId, bucket, node, labels = [] }: JobFilter,
): boolean =>
  (node === undefined || node === place) &&
  (batchId === undefined || batchId === id) &&
  (bucket === undefined || bucket === target.bucket) &&
  labels.every(
    ({ key, value }) => Object.hasOwn(template.labels, key) && (value === null || template.labels[key] === value),
  )

export const instantOf = (since: Since, now: number): number => ('at' in since ? since.at : now - since.agoMs)

export const createWaits = ({ store, wakeup, clock }: Deps): Waits => {
  const assertKnown = async ({ ids = [], batchId }: JobFilter): Promise<void> => {
    for (const id of ids) {
      if ((await store.get(id)) === null) {
        throw new AppError('job_not_found', `There is no job ${JSON.stringify(id)}: it was never made, or was deleted`)
      }
    }
    if (batchId === undefined || (await store.getBatch(batchId)) !== null) return
    throw new AppError('batch_not_found', `There is no batch ${JSON.stringify(batchId)}`)
  }

  /**
   * Returns how many batches may still make jobs that match; each counts as one pending job. It is asked before the jobs are
   * counted, because the batches may make them meanwhile.
   */
  const comingBatches = async (filter: JobFilter): Promise<number> => {
    if (filter.ids !== undefined) return 0
    return (await store.unfinishedBatches()).filter((batch) => mayMatch(batch, filter)).length
  }

  /** Returns how much of everything is pending. While that is not zero, the jobs that have settled need not be counted. */
  const pendingNow = async (): Promise<number> => (await comingBatches({})) + (await store.countJobs({}, null)).pending

  /** Counts all jobs of a batch by its totals, which include the jobs that were deleted since. */
  const lookAtBatch = async (batchId: string): Promise<Sight> => {
    const batch = await store.getBatch(batchId)
    if (batch === null) return nothing
    const { completed, failed, cancelled } = batch.counts
    return { ...nothing, completed, failed, cancelled, pending: unsettledJobs(batch) + Number(isBatchAtWork(batch)) }
  }

  const look = async (filter: JobFilter): Promise<Sight> => {
    const { batchId, ...others } = filter
    if (batchId !== undefined && Object.values(others).every((asked) => asked === undefined))
      return lookAtBatch(batchId)
    let sight: Sight = { ...nothing, pending: await comingBatches(filter) }
    for (let cursor: string | null = null; ; ) {
      const page = await store.countJobs(filter, cursor)
      sight = {
        pending: sight.pending + page.pending,
        completed: sight.completed + page.completed,
        failed: sight.failed + page.failed,
        cancelled: sight.cancelled + page.cancelled,
        newestPending: page.newestPending ?? sight.newestPending,
      }
      cursor = page.nextCursor
      if (cursor === null) return sight
    }
  }

  return {
    async wait({ since, ...named }, timeoutMs, signal) {
      const begunAt = clock.monotonic()
      const deadline = begunAt + timeoutMs
      const startedAt = clock.now()
      const from = since === undefined ? startedAt : instantOf(since, startedAt)
      const { node, ...others } = named
      const all = Object.values(others).every((asked) => asked === undefined)

      /** When the wall clock is set back meanwhile, the window begins earlier, so that no job that settles is missed. */
      const filterNow = (): JobFilter => {
        if (!all) return { ...named, ...(since === undefined ? {} : { since: from }) }
        const start = Math.min(startedAt, clock.now() - (clock.monotonic() - begunAt))
        const own = node === undefined ? {} : { node }
        return { ...own, openSince: Math.floor(start - Math.max(0, startedAt - from)) }
      }
      const leftMs = (): number => deadline - clock.monotonic()
      const waker = createWaker(clock)
      const unsubscribe = wakeup.subscribe('events', waker.poke)

      /** Resolves when counting again may find nothing pending. While one job is known to be pending, that need not be tried. */
      const untilSettled = async (witness: string | null): Promise<void> => {
        do {
          await waker.wait(Math.min(Math.max(0, leftMs()), pollMs), signal)
          const job = witness === null ? null : await store.get(witness)
          if (job === null || isSettled(job.state)) return
        } while (leftMs() > 0 && !signal.aborted)
      }

      try {
        await assertKnown(named)
        for (;;) {
          if (all && node === undefined && leftMs() > 0 && !signal.aborted && (await pendingNow()) > 0) {
            await untilSettled(null)
            continue
          }
          const { newestPending, ...counts } = await look(filterNow())
          if (counts.pending === 0 || leftMs() <= 0 || signal.aborted) return { done: counts.pending === 0, counts }
          await untilSettled(newestPending)
        }
      } finally {
        unsubscribe()
      }
    },
  }
}
