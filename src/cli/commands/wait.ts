import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { isSettled, type JobState, jobStates } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import { type ListQuery, listJobs } from '../api.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { ExitError, exitCodes } from '../exit-error.js'
import { DaemonUnreachable } from '../http-client.js'
import { settledLine } from '../job-text.js'
import { durationValue, labelFilterValue } from '../options.js'

interface WaitOptions {
  readonly label?: string[]
  readonly timeout?: number
  readonly json?: true
}

/** The daemon answers a `?wait=` of at most 55 s. */
const longestWaitMs = 50_000
const retryMs = 500
const unsettledStates: readonly JobState[] = jobStates.filter((state) => !isSettled(state))

/** Repeats a request for as long as the daemon is away, up to the grace; but only once it has answered something. */
const createPatience = ({ console, signal }: CommandContext): (<T>(request: () => Promise<T>) => Promise<T>) => {
  let answered = false
  return async (request) => {
    let awaySince: number | null = null
    for (;;) {
      try {
        const answer = await request()
        answered = true
        return answer
      } catch (error) {
        if (!(error instanceof DaemonUnreachable) || !answered) throw error
        if (awaySince === null) console.note(`the daemon is not answering (${error.message}); trying again`)
        awaySince ??= performance.now()
        if (performance.now() - awaySince > graceMs) throw error
        await sleep(retryMs, undefined, { signal }).catch(() => signal.throwIfAborted())
      }
    }
  }
}

/** The last known view of every job waited for. Jobs that are still unsettled are so because the time is up. */
const waitForJobs = async (
  context: CommandContext,
  jobIds: readonly string[],
  query: ListQuery | null,
  timeoutMs: number,
): Promise<readonly JobView[]> => {
  const { api, signal } = context
  const patiently = createPatience(context)
  const deadline = performance.now() + timeoutMs
  const seen = new Map<string, JobView>()

  const waitForOne = async (jobId: string): Promise<JobView> => {
    for (;;) {
      const leftMs = Math.max(0, deadline - performance.now())
      const seconds = Math.ceil(Math.min(leftMs, longestWaitMs) / 1000)
      const job = await patiently(() => (seconds === 0 ? api.get(jobId, signal) : api.wait(jobId, seconds, signal)))
      if (isSettled(job.state) || leftMs === 0) return job
    }
  }

  const list = async (): Promise<readonly string[]> => {
    for await (const job of listJobs(api, query ?? {}, Number.POSITIVE_INFINITY, signal)) seen.set(job.id, job)
    return [...seen.values()].filter(({ state }) => !isSettled(state)).map(({ id }) => id)
  }

  let open = query === null ? jobIds : await patiently(list)
  while (open.length > 0) {
    // One after the other: the whole takes as long as the slowest. Listed jobs come newest first, and end last.
    for (const jobId of [...open].reverse()) seen.set(jobId, await waitForOne(jobId))
    // Jobs that came with that label meanwhile are waited for too.
    open = query?.labels === undefined || performance.now() >= deadline ? [] : await patiently(list)
  }
  return [...seen.values()]
}

const wait = async (context: CommandContext, jobIds: readonly string[], options: WaitOptions): Promise<void> => {
  const { label: labels, timeout = Number.POSITIVE_INFINITY, json = false } = options
  if (jobIds.length > 0 && labels !== undefined) {
    throw new ExitError(exitCodes.usage, 'Name jobs or give labels, not both.')
  }
  const query = jobIds.length > 0 ? null : labels === undefined ? { states: unsettledStates } : { labels }
  const jobs = await waitForJobs(context, jobIds, query, timeout)
  const count = (state: JobState): number => jobs.filter((job) => job.state === state).length
  const counts = { completed: count('completed'), failed: count('failed'), cancelled: count('cancelled') }
  const pending = jobs.length - counts.completed - counts.failed - counts.cancelled
  if (json) {
    context.console.json({ pending, ...counts })
  } else {
    for (const job of jobs) {
      if (job.state === 'failed' || job.state === 'cancelled') context.console.line(settledLine(job))
    }
    const rest = pending === 0 ? '' : `, ${pending} pending`
    context.console.line(`${counts.completed} completed, ${counts.failed} failed, ${counts.cancelled} cancelled${rest}`)
  }
  if (pending > 0) throw new ExitError(exitCodes.timeout)
  if (counts.failed + counts.cancelled > 0) throw new ExitError(exitCodes.failed)
}

export const addWaitCommand = (program: Command, io: CliIo): void => {
  program
    .command('wait')
    .summary('wait until jobs are settled')
    .description(
      'Waits until the named jobs, all jobs with a label, or everything unsettled is settled. ' +
        'Exit 0: all completed; 1: some failed or were cancelled; 124: the time was up.',
    )
    .argument('[id...]', 'the jobs')
    .option('--label <k=v>', 'the jobs with this label (repeatable: all must hold)', labelFilterValue)
    .option('--timeout <time>', 'how long at most, like 30s, 5m or 1h', durationValue)
    .option('--json', 'print {pending, completed, failed, cancelled}')
    .action((jobIds: string[], options: WaitOptions) => withDaemon(io, (context) => wait(context, jobIds, options)))
}
