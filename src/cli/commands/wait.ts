import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type JobCounts, listJobs, type WaitQuery } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { DaemonUnreachable } from '../client/http-client.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { durationValue, labelFilterValue, type SinceOption, sinceValue } from '../options.js'
import { settledLine } from '../text/job-text.js'

interface WaitOptions {
  readonly label?: string[]
  readonly batch?: string
  readonly since?: SinceOption
  readonly timeout?: number
  readonly json?: true
}

/** The daemon answers a wait of at most 55 s. */
const longestWaitSeconds = 50
const retryMs = 500
/** One request names at most so many ids. More ids are waited for one group after the other. */
const idsPerRequest = 100
/** At most so many jobs that failed or were cancelled are shown. */
const mostShown = 20

/**
 * Repeats a request for as long as the daemon is away, up to the grace time, but only once the daemon has answered
 * something.
 */
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

/** Asks until nothing is pending or the time is up, and returns the last counts. */
export const waitPatiently = async (
  context: CommandContext,
  timeoutMs: number,
  ask: (seconds: number, elapsedMs: number) => Promise<JobCounts>,
): Promise<JobCounts> => {
  const patiently = createPatience(context)
  const begunAt = performance.now()
  const deadline = begunAt + timeoutMs
  // The first answer comes at once. From then on a daemon that is away is waited for.
  for (let seconds = 0; ; ) {
    const counts = await patiently(() => ask(seconds, performance.now() - begunAt))
    const leftMs = Math.max(0, deadline - performance.now())
    if (counts.pending === 0 || leftMs === 0) return counts
    seconds = Math.min(Math.ceil(leftMs / 1000), longestWaitSeconds)
  }
}

/**
 * Returns `since` as the daemon takes it, so that all requests of one command mean the same window. Durations go by the
 * daemon's own clock. Undefined means: from when the request comes.
 */
export const sinceText = (since: SinceOption | undefined, elapsedMs: number): string | undefined => {
  if (since !== undefined && 'at' in since) return since.at
  const agoMs = (since?.agoMs ?? 0) + Math.ceil(elapsedMs)
  return since === undefined && elapsedMs < 1 ? undefined : `${agoMs}ms`
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
  since: SinceOption | undefined,
  timeoutMs: number,
): Promise<JobCounts> => {
  const deadline = performance.now() + timeoutMs
  const sum = { pending: 0, completed: 0, failed: 0, cancelled: 0 }
  for (const query of queries) {
    const leftMs = Math.max(0, deadline - performance.now())
    // Requests that name jobs need no window. A request that names none must not lose the jobs that settled before it
    // was repeated.
    const windowed = since !== undefined || Object.keys(query).length === 0
    const counts = await waitPatiently(context, leftMs, (seconds, elapsedMs) => {
      const text = windowed ? sinceText(since, elapsedMs) : undefined
      return context.api.waitFor(text === undefined ? query : { ...query, since: text }, seconds, context.signal)
    })
    sum.pending += counts.pending
    sum.completed += counts.completed
    sum.failed += counts.failed
    sum.cancelled += counts.cancelled
  }
  return sum
}

/** Shows the jobs that went wrong, newest first. */
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
  }
  if (jobIds.length > 0 && (Object.keys(common).length > 0 || since !== undefined)) {
    throw new ExitError(exitCodes.usage, 'Name jobs or select them (--label, --batch, --since), not both.')
  }
  const queries = jobIds.length === 0 ? [common] : groupsOf(jobIds).map((jobs) => ({ jobs }))
  const counts = await waitForAll(context, queries, since, timeout)
  const wentWrong = counts.failed + counts.cancelled > 0
  if (wentWrong && !json && (jobIds.length > 0 || labels !== undefined) && batch === undefined && since === undefined)
    await showUnlucky(context, jobIds, labels)
  showCounts(context, counts, json)
  exitBy(counts)
}

export const addWaitCommand = (program: Command, io: CliIo): void => {
  program
    .command('wait')
    .summary('wait until jobs are settled')
    .description(
      'Waits until the named jobs, or those that match, are settled. With neither it waits for all unsettled jobs and for ' +
        'those that come meanwhile. ' +
        'Exit 0: all completed; 1: some failed or were cancelled; 124: time ran out.',
    )
    .argument('[id...]', 'the jobs')
    .option('--label <k=v>', 'the jobs with this label (repeatable: all must hold)', labelFilterValue)
    .option('--batch <id>', 'the jobs of this batch')
    .option(
      '--since <time>',
      'with --label or --batch the jobs made since then, else also those settled since then: 1h, or 2026-01-01T00:00:00Z',
      sinceValue,
    )
    .option('--timeout <time>', 'how long at most, like 30s, 5m or 1h', durationValue)
    .option('--json', 'print {pending, completed, failed, cancelled}')
    .action((jobIds: string[], options: WaitOptions) => withDaemon(io, (context) => wait(context, jobIds, options)))
}
