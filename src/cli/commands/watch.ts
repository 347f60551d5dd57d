import type { Command } from 'commander'
import type { StoredEvent } from '../../core/event.js'
import { isSettled, type JobState } from '../../core/job.js'
import type { JobView, ProgressView } from '../../core/job-view.js'
import { isBatchId, listJobs } from '../client/api.js'
import { followEvents } from '../client/event-stream.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import type { SseMessage } from '../client/sse-parser.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { watchBatches } from '../follow/follow-batches.js'
import { watchEventLine, watchJobLine, watchProgressLine } from '../text/job-text.js'

const moving: readonly JobState[] = ['running', 'completing', 'cancelling']
const progressEveryMs = 1_000

const now = (): string => new Date().toISOString()

/** Prints events as they come, either as NDJSON or as lines. A job gets at most one line of progress per second. */
const createEventPrinter = ({ console }: CommandContext, json: boolean): ((message: SseMessage) => void) => {
  const progressAt = new Map<string, number>()
  return ({ event, data }) => {
    // This message says only where the stream begins, and the connection keeps that for the next one.
    if (event === 'ready') return
    if (event === 'reset') {
      console.note('some events are no longer kept by the daemon and were not shown')
    } else if (event === 'job.progress') {
      const { jobId, progress } = JSON.parse(data) as { jobId: string; progress: ProgressView }
      if (json) return console.json({ type: event, jobId, progress })
      const last = progressAt.get(jobId)
      if (last !== undefined && performance.now() - last < progressEveryMs) return
      progressAt.set(jobId, performance.now())
      console.line(watchProgressLine(now(), jobId, progress))
    } else {
      const stored = JSON.parse(data) as StoredEvent
      if (stored.job !== undefined && isSettled(stored.job.state)) progressAt.delete(stored.job.id)
      if (json) console.json(stored)
      else console.line(watchEventLine(stored))
    }
  }
}

const settledBy = ({ event, data }: SseMessage): JobView | null => {
  if (event === 'job.progress' || event === 'part.uploaded' || !event.startsWith('job.')) return null
  const { job } = JSON.parse(data) as StoredEvent
  return job !== undefined && isSettled(job.state) ? job : null
}

/** Follows one job until it is settled, and returns how it ended. */
const watchJob = async (context: CommandContext, jobId: string, json: boolean): Promise<JobView> => {
  const { api, console, signal } = context
  const print = createEventPrinter(context, json)
  const first = await api.get(jobId, signal)
  if (!json) console.line(watchJobLine(now(), first))
  if (isSettled(first.state)) return first
  for await (const item of followEvents(api, { filter: { jobId }, signal, graceMs })) {
    if (item.kind === 'outage') console.note(`the daemon is not answering (${item.reason}); trying again`)
    else if (item.kind === 'open') {
      if (item.resumed) continue
      // The job may have settled before the stream was open.
      const job = await api.get(jobId, signal)
      if (!isSettled(job.state)) continue
      if (!json) console.line(watchJobLine(now(), job))
      return job
    } else {
      print(item.message)
      const job = settledBy(item.message)
      if (job !== null) return job
    }
  }
  throw signal.reason
}

const watchAll = async (context: CommandContext, json: boolean): Promise<void> => {
  const { api, console, signal } = context
  const print = createEventPrinter(context, json)
  for await (const job of listJobs(api, { states: moving }, 100, signal)) {
    if (!json) console.line(watchJobLine(now(), job))
  }
  for await (const item of followEvents(api, { filter: {}, signal, graceMs })) {
    if (item.kind === 'outage') console.note(`the daemon is not answering (${item.reason}); trying again`)
    else if (item.kind === 'message') print(item.message)
    await console.drained()
  }
}

export const addWatchCommand = (program: Command, io: CliIo): void => {
  program
    .command('watch')
    .summary('show events as they happen')
    .description(
      'Shows what happens to one job until it is settled (exit 0: completed, 1: failed or cancelled), or to all jobs until ' +
        'Ctrl-C. Misses nothing when the daemon restarts.',
    )
    .argument('[id]', 'the job or batch')
    .option('--json', 'print one JSON event per line')
    .action((jobId: string | undefined, options: { json?: true }) =>
      withDaemon(io, async (context) => {
        const json = options.json === true
        if (jobId === undefined) return watchAll(context, json)
        const ended = isBatchId(jobId)
          ? await watchBatches(context, { ids: [jobId], answered: false, json })
          : [await watchJob(context, jobId, json)]
        if (ended.some(({ state }) => state !== 'completed')) throw new ExitError(exitCodes.failed)
      }),
    )
}
