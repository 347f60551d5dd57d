import { isSettled } from '../../core/job.js'
import type { JobView, ProgressView } from '../../core/job-view.js'

export interface Totals {
  readonly files: number
  readonly completed: number
  /** These are the completed jobs that sent nothing because of `ifExists`. `completed` counts them too. */
  readonly skipped: number
  readonly failed: number
  readonly cancelled: number
  readonly bytesTotal: number
  /** These are the bytes that OSS holds or that are on their way. */
  readonly bytesDone: number
  /** These are the bytes of completed jobs that were not skipped. */
  readonly bytesUploaded: number
}

/**
 * Holds what is known of the jobs that one command waits for. A job that settled stays settled here, because snapshots
 * and replayed events overtake each other, and because a later retry by another user does not concern this command.
 */
export interface JobTotals {
  /**
   * Counts the job from now on. It is called once for each job. All other methods ignore jobs that were never tracked.
   */
  track(job: JobView): void
  see(job: JobView): void
  seeProgress(jobId: string, progress: ProgressView): void
  /** The daemon is away, so nothing moves, and what was in flight is lost. */
  standStill(): void
  /** The daemon no longer knows the job, so its end is unknown and it counts as failed. */
  seeGone(jobId: string): void
  has(jobId: string): boolean
  /** Returns the unsettled jobs, oldest first. */
  open(): readonly JobView[]
  openCount(): number
  totals(): Totals
}

const bytesDoneOf = ({ progress }: JobView): number =>
  Math.min(progress.bytesTotal, progress.bytesUploaded + progress.bytesInFlight)

/** `onSettled` is called once for each job that settles, with its last known view. */
export const createJobTotals = (onSettled: (job: JobView, gone: boolean) => void): JobTotals => {
  const known = new Set<string>()
  const open = new Map<string, JobView>()
  const settled = { completed: 0, skipped: 0, failed: 0, cancelled: 0, bytesTotal: 0, bytesDone: 0, bytesUploaded: 0 }

  const settle = (job: JobView, gone: boolean): void => {
    open.delete(job.id)
    settled.bytesTotal += job.source.size
    settled.bytesDone += bytesDoneOf(job)
    if (gone || job.state === 'failed') settled.failed++
    else if (job.state === 'cancelled') settled.cancelled++
    else {
      settled.completed++
      if (job.outcome === 'skipped') settled.skipped++
      else settled.bytesUploaded += job.source.size
    }
    onSettled(job, gone)
  }

  const see = (job: JobView): void => {
    if (!open.has(job.id)) return
    if (isSettled(job.state)) settle(job, false)
    else open.set(job.id, job)
  }

  return {
    track(job) {
      known.add(job.id)
      open.set(job.id, job)
      see(job)
    },
    see,
    seeProgress(jobId, progress) {
      const job = open.get(jobId)
      if (job !== undefined) open.set(jobId, { ...job, progress })
    },
    standStill() {
      for (const job of open.values()) {
        const progress = { ...job.progress, bytesInFlight: 0, bytesPerSecond: null, etaSeconds: null }
        open.set(job.id, { ...job, progress })
      }
    },
    seeGone(jobId) {
      const job = open.get(jobId)
      if (job !== undefined) settle(job, true)
    },
    has: (jobId) => known.has(jobId),
    open: () => [...open.values()],
    openCount: () => open.size,
    totals() {
      let { bytesTotal, bytesDone } = settled
      for (const job of open.values()) {
        bytesTotal += job.source.size
        bytesDone += bytesDoneOf(job)
      }
      return { ...settled, files: known.size, bytesTotal, bytesDone }
    },
  }
}
