import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type JobCounts, listJobs, type WaitQuery } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { DaemonUnreachable } from '../client/http-client.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { durationValue, instantValue, labelFilterValue } from '../options.js'
import { settledLine } from '../text/job-text.js'

interface WaitOptions {
  readonly label?: string[]
  readonly batch?: string
  readonly since?: string
  readonly timeout?: number
  readonly json?: true
}

/** The daemon answers a wait of at most 55 s. */
const longestWaitSeconds = 50
const retryMs = 500
/** Named in one request; more are waited for one group after the other. */
const idsPerRequest = 100
/** So many jobs that failed or were cancelled are shown. */
const mostShown = 20

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

/** Asks until nothing is pending or the time is up, and answers the last counts. */
export const waitPatiently = async (
  context: CommandContext,
  timeoutMs: number,
  ask: (seconds: number) => Promise<JobCounts>,
): Promise<JobCounts> => {
  const patiently = createPatience(context)
  const deadline = performance.now() + timeoutMs
  // The first answer comes at once: from then on a daemon that is away is waited for.
  for (let seconds = 0; ; ) {
    const counts = await patiently(() => ask(seconds))
    const leftMs = Math.max(0, deadline - performance.now())
    if (counts.pending === 0 || leftMs === 0) return counts
    seconds = Math.min(Math.ceil(leftMs / 1000), longestWaitSeconds)
  }
}

export const showCounts = ({ console }: CommandContext, counts: JobCounts, json: boolean): void => {
  const { pending, completed, failed, cancelled } = counts
  const rest = pending === 0 ? '' : `, ${pending} pending`
  if (json) console.json(counts)
  else console.line(`${completed} completed, ${failed} failed, ${cancelled} cancelled${rest}`)
}

/** Ends the command as its counts say. */
export const exitBy = ({ pending, failed, cancelled }: JobCounts): void => {
  if (pending > 0) throw new ExitError(exitCodes.timeout)
  if (failed + cancelled > 0) throw new ExitError(exitCodes.failed)
}

const groupsOf = (jobIds: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(jobIds.length / idsPerRequest) }, (_, index) =>
    jobIds.slice(index * idsPerRequest, (index + 1) * idsPerRequest),
  )

const waitForAll = async (
  context: CommandContext,
  queries: readonly WaitQuery[],
  timeoutMs: number,
): Promise<JobCounts> => {
  const deadline = performance.now() + timeoutMs
  const sum = { pending: 0, completed: 0, failed: 0, cancelled: 0 }
  for (const query of queries) {
    const leftMs = Math.max(0, deadline - performance.now())
    const counts = await waitPatiently(context, leftMs, (seconds) =>
      context.api.waitFor(query, seconds, context.signal),
    )
    sum.pending += counts.pending
    sum.completed += counts.completed
    sum.failed += counts.failed
    sum.cancelled += counts.cancelled
  }
  return sum
}

/** The jobs that went wrong, the newest first. */
const showUnlucky = async (context: CommandContext, jobIds: readonly string[], labels: string[] | undefined) => {
  const { api, console, signal } = context
  const query = { states: ['failed', 'cancelled'] as const, ...(labels === undefined ? {} : { labels }) }
  if (jobIds.length === 0) {
    for await (const job of listJobs(api, query, mostShown, signal)) console.line(settledLine(job))
  }
  for (const jobId of jobIds.slice(0, mostShown)) {
    const job = await api.get(jobId, signal)
    if (job.state === 'failed' || job.state === 'cancelled') console.line(settledLine(job))
  }
}

const wait = async (context: CommandContext, jobIds: readonly string[], options: WaitOptions): Promise<void> => {
  const { label: labels, batch, since, timeout = Number.POSITIVE_INFINITY, json = false } = options
  const common: WaitQuery = {
    ...(labels === undefined ? {} : { labels }),
    ...(batch === undefined ? {} : { batch }),
    ...(since === undefined ? {} : { since }),
  }
  if (jobIds.length > 0 && Object.keys(common).length > 0) {
    throw new ExitError(exitCodes.usage, 'Name jobs or say which (--label, --batch, --since), not both.')
  }
  const queries = jobIds.length === 0 ? [common] : groupsOf(jobIds).map((jobs) => ({ jobs }))
  const counts = await waitForAll(context, queries, timeout)
  const wentWrong = counts.failed + counts.cancelled > 0
  if (wentWrong && !json && batch === undefined && since === undefined) await showUnlucky(context, jobIds, labels)
  showCounts(context, counts, json)
  exitBy(counts)
}

export const addWaitCommand = (program: Command, io: CliIo): void => {
  program
    .command('wait')
    .summary('wait until jobs are settled')
    .description(
      'Waits until the named jobs, those that match, or without either all jobs that the daemon knows are settled. ' +
        'Exit 0: all completed; 1: some failed or were cancelled; 124: the time was up.',
    )
    .argument('[id...]', 'the jobs')
    .option('--label <k=v>', 'the jobs with this label (repeatable: all must hold)', labelFilterValue)
    .option('--batch <id>', 'the jobs of this batch')
    .option('--since <instant>', 'the jobs made since then, like 2026-01-01T00:00:00Z', instantValue)
    .option('--timeout <time>', 'how long at most, like 30s, 5m or 1h', durationValue)
    .option('--json', 'print {pending, completed, failed, cancelled}')
    .action((jobIds: string[], options: WaitOptions) => withDaemon(io, (context) => wait(context, jobIds, options)))
}
