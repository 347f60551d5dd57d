import type { StoredEvent } from '../../core/event.js'
import type { ProgressView } from '../../core/job-view.js'
import type { Api } from '../client/api.js'
import { followEvents } from '../client/event-stream.js'
import { DaemonUnreachable, ProblemError } from '../client/http-client.js'
import type { SseMessage } from '../client/sse-parser.js'
import { joinSignals } from '../join-signals.js'
import { formatSeconds } from '../terminal/readable.js'
import type { JobTotals } from './job-totals.js'

export interface FollowOptions {
  readonly api: Api
  readonly jobTotals: JobTotals
  /** Resolves when no more jobs will be tracked. It must not reject. */
  readonly complete: Promise<void>
  readonly signal: AbortSignal
  /** The daemon may stay away for so long. */
  readonly graceMs: number
  note(text: string): void
}

/** When the daemon says nothing about our jobs for so long, we ask. Events are a hint, and the jobs are the truth. */
const quietMs = 10_000

const isGone = (error: unknown): boolean => error instanceof ProblemError && error.problem.status === 404

/** Reads the state of every open job anew. A job that the daemon no longer knows is counted as gone. */
const takeSnapshot = async ({ api, jobTotals, signal }: FollowOptions): Promise<void> => {
  for (const { id } of jobTotals.open()) {
    try {
      jobTotals.see(await api.get(id, signal))
    } catch (error) {
      if (!isGone(error)) throw error
      jobTotals.seeGone(id)
    }
  }
}

/** Applies a message to the job totals. Returns true when it was about one of their jobs. */
const takeMessage = (jobTotals: JobTotals, { event, data }: SseMessage): boolean => {
  if (event === 'job.progress') {
    const { jobId, progress } = JSON.parse(data) as { jobId: string; progress: ProgressView }
    jobTotals.seeProgress(jobId, progress)
    return jobTotals.has(jobId)
  }
  if (!event.startsWith('job.')) return false
  const { jobId, type, job } = JSON.parse(data) as StoredEvent
  if (jobId === null) return false
  if (type === 'job.deleted') jobTotals.seeGone(jobId)
  else if (job !== undefined) jobTotals.see(job)
  return jobTotals.has(jobId)
}

/**
 * Keeps the job totals up to date from the daemon's events until every tracked job is settled, across restarts of the
 * daemon. Throws DaemonUnreachable when the daemon stays away longer than the grace time, ProblemError when it refuses,
 * and the signal's reason.
 */
export const followJobs = async (options: FollowOptions): Promise<void> => {
  const { api, jobTotals, complete, signal, graceMs, note } = options
  const finished = new AbortController()
  const working = joinSignals(signal, finished.signal)
  let allTracked = false
  let heardAt = performance.now()

  const check = (): void => {
    if (allTracked && jobTotals.openCount() === 0) finished.abort()
  }

  /** Takes one snapshot at a time. When another one is wanted while it runs, that one follows right after it. */
  let wanted = false
  let taking: Promise<void> | null = null
  const refresh = (): Promise<void> => {
    wanted = true
    taking ??= (async () => {
      while (wanted && !working.aborted) {
        wanted = false
        // The event stream reports an outage, and ends it.
        await takeSnapshot({ ...options, signal: working }).catch((error: unknown) => {
          if (!(error instanceof DaemonUnreachable)) throw error
        })
        heardAt = performance.now()
        check()
      }
    })().finally(() => {
      taking = null
    })
    return taking
  }

  let failure: { readonly error: unknown } | null = null
  const refreshAside = (): void => {
    refresh().catch((error: unknown) => {
      if (working.aborted) return
      failure = { error }
      finished.abort()
    })
  }

  complete.then(() => {
    allTracked = true
    check()
    // Jobs may have settled before their POST was answered, when we could not yet connect their events to our jobs.
    if (!working.aborted) refreshAside()
  })
  const timer = setInterval(() => {
    if (performance.now() - heardAt > quietMs) refreshAside()
  }, quietMs / 2)

  let away = false
  try {
    for await (const item of followEvents(api, { filter: {}, signal: working, graceMs })) {
      if (item.kind === 'outage') {
        // Before the first job was accepted, the submission reports that the daemon does not answer.
        away = jobTotals.totals().files > 0
        jobTotals.standStill()
        if (away)
          note(`the daemon is not answering (${item.reason}); trying again for up to ${formatSeconds(graceMs / 1000)}`)
      } else if (item.kind === 'open') {
        if (away) note('the daemon is back; going on')
        away = false
        if (!item.resumed) refreshAside()
      } else if (item.message.event === 'reset') {
        refreshAside()
      } else if (takeMessage(jobTotals, item.message)) {
        heardAt = performance.now()
        check()
      }
    }
  } catch (error) {
    if (failure !== null) throw (failure as { error: unknown }).error
    if (!finished.signal.aborted) throw error
  } finally {
    clearInterval(timer)
    finished.abort()
  }
}
