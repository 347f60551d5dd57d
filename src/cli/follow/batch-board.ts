import type { BatchView } from '../../core/batch-view.js'
import type { JobState } from '../../core/job.js'
import type { JobView, ProgressView } from '../../core/job-view.js'
import type { ProgressSource } from './progress-display.js'

/**
 * Holds what is known of batches that a command waits for: their totals, and those of their jobs that are being worked
 * on.
 */
export interface BatchBoard extends ProgressSource {
  see(batch: BatchView): void
  /** Jobs of other batches are ignored. */
  seeJob(job: JobView): void
  seeProgress(jobId: string, progress: ProgressView): void
  /**
   * Call this when the daemon is away or events were missed, because then it is unknown which jobs are being worked on.
   */
  forgetJobs(): void
}

const atWork: readonly JobState[] = ['running', 'completing']

export const createBatchBoard = (made: readonly BatchView[]): BatchBoard => {
  const batches = new Map(made.map((batch) => [batch.id, batch]))
  const jobs = new Map<string, JobView>()
  let mostDone = 0

  const sum = (of: (batch: BatchView) => number): number => {
    let result = 0
    for (const batch of batches.values()) result += of(batch)
    return result
  }

  /**
   * The totals are a moment older than what is in flight, so the bytes of a part that has just landed are missing from
   * both.
   */
  const bytesDone = (bytesTotal: number): number => {
    let bytes = sum(({ totals }) => totals.bytesUploaded)
    for (const { progress } of jobs.values()) bytes += progress.bytesInFlight
    mostDone = Math.max(mostDone, Math.min(bytesTotal, bytes))
    return mostDone
  }

  return {
    see: (batch) => void batches.set(batch.id, batch),
    seeJob(job) {
      if (job.batchId === null || !batches.has(job.batchId)) return
      if (atWork.includes(job.state)) jobs.set(job.id, job)
      else jobs.delete(job.id)
    },
    seeProgress(jobId, progress) {
      const job = jobs.get(jobId)
      if (job !== undefined) jobs.set(jobId, { ...job, progress })
    },
    forgetJobs() {
      jobs.clear()
      mostDone = 0
    },
    open: () => [...jobs.values()],
    totals() {
      const bytesTotal = sum(({ totals }) => totals.bytesTotal)
      return {
        files: sum(({ totals }) => totals.jobs),
        completed: sum(({ totals }) => totals.completed),
        failed: sum(({ totals }) => totals.failed),
        cancelled: sum(({ totals }) => totals.cancelled),
        bytesTotal,
        bytesDone: bytesDone(bytesTotal),
        growing: [...batches.values()].some(({ walk, finishedAt }) => !walk.done && finishedAt === null),
      }
    },
  }
}
