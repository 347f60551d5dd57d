import type { JobView, ProgressView } from '../../core/job-view.js'

/** Holds the jobs that are shown, newest first, and keeps them in order while single jobs come, change and go. */
export interface JobList {
  readonly size: number
  /** Returns the n-th newest job. */
  at(index: number): JobView | undefined
  get(id: string): JobView | undefined
  indexOf(id: string): number
  /** Takes a job as it is now, and adds it, replaces it, or drops it when it no longer belongs here. */
  put(job: JobView): void
  /** A page of the list was asked for. What arrives until that page is filled in is newer than the page. */
  awaitPage(): void
  /** Takes a page. Jobs that are known already stay, because an event may have brought something newer. */
  fill(jobs: readonly JobView[]): void
  progress(id: string, progress: ProgressView): void
  remove(id: string): void
  clear(): void
}

type ListKey = Pick<JobView, 'id' | 'createdAt'>

const isBefore = (a: ListKey, b: ListKey): boolean =>
  a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt

/** `belongs` returns whether a job is shown at all. */
export const createJobList = (belongs: (job: JobView) => boolean): JobList => {
  const jobs = new Map<string, JobView>()
  /** These jobs were updated since a page was asked for. It is null while no page is expected. */
  let told: Set<string> | null = null
  // The order is oldest first, because adding new jobs at the end costs nothing.
  let order: ListKey[] = []

  /** Returns the first position whose job does not come before this one. */
  const positionOf = (job: ListKey): number => {
    let low = 0
    let high = order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const there = order[middle]
      if (there !== undefined && isBefore(there, job)) low = middle + 1
      else high = middle
    }
    return low
  }

  const drop = (id: string): void => {
    const job = jobs.get(id)
    if (job === undefined) return
    order.splice(positionOf(job), 1)
    jobs.delete(id)
  }

  return {
    get size() {
      return order.length
    },
    at(index) {
      const entry = order[order.length - 1 - index]
      return entry === undefined ? undefined : jobs.get(entry.id)
    },
    get: (id) => jobs.get(id),
    indexOf(id) {
      const job = jobs.get(id)
      return job === undefined ? -1 : order.length - 1 - positionOf(job)
    },
    put(job) {
      told?.add(job.id)
      if (!belongs(job)) return drop(job.id)
      if (!jobs.has(job.id)) order.splice(positionOf(job), 0, { id: job.id, createdAt: job.createdAt })
      jobs.set(job.id, job)
    },
    awaitPage() {
      told = new Set()
    },
    fill(page) {
      const fresh = page.filter((job) => !jobs.has(job.id) && told?.has(job.id) !== true && belongs(job))
      told = null
      if (fresh.length === 0) return
      for (const job of fresh) jobs.set(job.id, job)
      order = [...order, ...fresh.map(({ id, createdAt }) => ({ id, createdAt }))]
      order.sort((a, b) => (isBefore(a, b) ? -1 : 1))
    },
    progress(id, progress) {
      const job = jobs.get(id)
      if (job !== undefined) jobs.set(id, { ...job, progress })
    },
    remove(id) {
      told?.add(id)
      drop(id)
    },
    clear() {
      jobs.clear()
      order = []
    },
  }
}
