import type { JobView, ProgressView } from '../../core/job-view.js'

/** Seconds that the chart shows. */
export const shownSeconds = 300
/** The figure beside the chart is the mean of so many whole seconds. */
const meanSeconds = 3

/** Bytes that went to OSS, second by second, as far as this page has seen them. */
export interface Throughput {
  /** A job as an event or a list has it. */
  job(job: JobView, atMs: number): void
  progress(id: string, progress: ProgressView, atMs: number): void
  forget(id: string): void
  /** Bytes per second of the last `shownSeconds` whole seconds, oldest first, smoothed for the eye; null before the page was there. */
  series(nowMs: number): (number | null)[]
  now(nowMs: number): number
}

const movedOf = ({ bytesUploaded, bytesInFlight }: ProgressView): number => bytesUploaded + bytesInFlight

/**
 * Counts how far each job has come at most, so that a part that is sent again counts once. A job that is seen for the
 * first time counts from where it is.
 */
export const createThroughput = (sinceMs: number): Throughput => {
  const firstSecond = Math.floor(sinceMs / 1000)
  const moved = new Map<string, number>()
  const seconds = new Map<number, number>()

  const note = (id: string, bytes: number, atMs: number): void => {
    const before = moved.get(id)
    if (before === undefined) {
      moved.set(id, bytes)
      return
    }
    if (bytes <= before) return
    moved.set(id, bytes)
    const second = Math.floor(atMs / 1000)
    seconds.set(second, (seconds.get(second) ?? 0) + bytes - before)
    if (seconds.size > 2 * shownSeconds) {
      for (const old of seconds.keys()) if (old < second - shownSeconds - meanSeconds) seconds.delete(old)
    }
  }

  const meanUntil = (second: number): number => {
    let sum = 0
    for (let back = 0; back < meanSeconds; back++) sum += seconds.get(second - back) ?? 0
    return sum / meanSeconds
  }

  return {
    job(job, atMs) {
      // Skipped files were not sent, and a job that begins anew has its bytes before it again.
      if (job.outcome === 'skipped' || job.state === 'queued') moved.set(job.id, movedOf(job.progress))
      note(job.id, movedOf(job.progress), atMs)
      if (job.finishedAt !== null) moved.delete(job.id)
    },
    progress: (id, progress, atMs) => note(id, movedOf(progress), atMs),
    forget: (id) => void moved.delete(id),
    series(nowMs) {
      const last = Math.floor(nowMs / 1000) - 1
      return Array.from({ length: shownSeconds }, (_, index) => {
        const second = last - shownSeconds + 1 + index
        return second < firstSecond ? null : meanUntil(second)
      })
    },
    now: (nowMs) => meanUntil(Math.floor(nowMs / 1000) - 1),
  }
}
