import type { Command } from 'commander'
import type { BatchView } from '../../core/batch-view.js'
import type { JobView } from '../../core/job-view.js'
import { isBatchId, type JobChanges, type SweepVerb, type Verb } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { ProblemError } from '../client/http-client.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { countValue, instantValue, integerValue, labelFilterValue, labelValue, rateValue } from '../options.js'
import { escapeText } from '../terminal/terminal-text.js'
import { problemLines } from '../text/job-text.js'

/**
 * Does `work` to one job after the other. A refusal is shown and the next job has its turn. The exit code says whether
 * any was refused.
 */
const forEachJob = async (
  { console }: CommandContext,
  jobIds: readonly string[],
  work: (jobId: string) => Promise<void>,
): Promise<void> => {
  let refused = 0
  for (const jobId of jobIds) {
    try {
      await work(jobId)
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      refused++
      const [first = '', ...rest] = problemLines(error.problem)
      console.note([`${escapeText(jobId)}: ${first}`, ...rest].join('\n'))
    }
  }
  if (refused > 0) throw new ExitError(exitCodes.failed)
}

const verbs: readonly { readonly verb: Verb; readonly summary: string }[] = [
  { verb: 'pause', summary: 'let the parts in flight finish, then rest' },
  { verb: 'resume', summary: 'go on with what is paused' },
  { verb: 'cancel', summary: 'stop jobs and remove their parts from OSS' },
  { verb: 'retry', summary: 'try failed jobs again; what OSS already holds is kept' },
]

interface SetOptions {
  readonly priority?: number
  readonly parallel?: number
  readonly bandwidth?: string
  readonly notAfter?: string
  readonly label?: Readonly<Record<string, string>>
  readonly json?: true
}

const showState = ({ console }: CommandContext, job: JobView | BatchView, json: boolean): void => {
  if (json) console.json(job)
  else console.line(`${escapeText(job.id)}  ${escapeText(job.state)}`)
}

const setJobs = async (context: CommandContext, jobIds: readonly string[], options: SetOptions): Promise<void> => {
  const { priority, parallel, bandwidth, notAfter, label } = options
  const changes: JobChanges = {
    ...(priority === undefined ? {} : { priority }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(bandwidth === undefined ? {} : { bandwidth: bandwidth === 'off' ? null : bandwidth }),
    ...(notAfter === undefined ? {} : { notAfter: notAfter === 'off' ? null : notAfter }),
    ...(label === undefined ? {} : { labels: label }),
  }
  if (Object.keys(changes).length === 0) throw new ExitError(exitCodes.usage, 'Say what to change: see --help.')
  await forEachJob(context, jobIds, async (jobId) => {
    showState(context, await context.api.change(jobId, changes, context.signal), options.json === true)
  })
}

const control = (context: CommandContext, verb: Verb, ids: readonly string[], json: boolean): Promise<void> =>
  forEachJob(context, ids, async (id) => {
    const { api, signal } = context
    const steer = isBatchId(id) ? api.controlBatch : api.control
    showState(context, await steer(id, verb, signal), json)
  })

interface SweepOptions {
  readonly all?: true
  readonly label?: readonly string[]
  readonly bucket?: string
  readonly batch?: string
  readonly json?: true
}

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

const controlSome = async (
  context: CommandContext,
  verb: SweepVerb,
  ids: readonly string[],
  { label, bucket, batch, json }: SweepOptions,
): Promise<void> => {
  if (ids.length === 0) throw usage(`Name jobs or batches, or ${verb} everything by --all.`)
  if (label !== undefined || bucket !== undefined || batch !== undefined) {
    throw usage('--label, --bucket and --batch narrow --all, which is missing.')
  }
  await control(context, verb, ids, json === true)
}

const sweep = async (
  { api, console, signal }: CommandContext,
  verb: SweepVerb,
  ids: readonly string[],
  { label, bucket, batch, json }: SweepOptions,
): Promise<void> => {
  if (ids.length > 0) throw usage('Either name jobs or batches, or give --all.')
  const query = {
    ...(label === undefined ? {} : { labels: label }),
    ...(bucket === undefined ? {} : { bucket }),
    ...(batch === undefined ? {} : { batch }),
  }
  const answer = await api.sweep(verb, query, signal)
  if (json === true) console.json(answer)
  else console.line(`${verb}: begun for ${answer.jobs} jobs and ${answer.batches} batches`)
}

export const addSteerCommands = (program: Command, io: CliIo): void => {
  for (const { verb, summary } of verbs) {
    const command = program
      .command(verb)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .option('--json', 'print one JSON job or batch per line')
    if (verb === 'pause' || verb === 'resume') {
      command
        .argument('[id...]', 'the jobs or batches')
        .option('--all', 'everything, or all that matches these:')
        .option('--label <k=v>', 'with this label (repeatable: all must hold)', labelFilterValue)
        .option('--bucket <name>', 'to this bucket')
        .option('--batch <id>', 'of this batch')
        .action((ids: string[], options: SweepOptions) =>
          withDaemon(io, (context) =>
            options.all === true ? sweep(context, verb, ids, options) : controlSome(context, verb, ids, options),
          ),
        )
    } else {
      command
        .argument('<id...>', 'the jobs or batches')
        .action((ids: string[], { json }: { json?: true }) =>
          withDaemon(io, (context) => control(context, verb, ids, json === true)),
        )
    }
  }
  program
    .command('set')
    .summary('change jobs, at work or not')
    .description('Changes jobs; those at work follow at once. What is not given stays.')
    .argument('<id...>', 'the jobs')
    .option('--priority <n>', '-100..100, higher first', integerValue)
    .option('--parallel <n>', 'parts in flight of one job', countValue)
    .option(
      '--bandwidth <size>',
      'what the job may send in a second, like 20MiB; off: no limit of its own',
      (text: string) => (text === 'off' ? text : rateValue(text)),
    )
    .option('--not-after <instant>', 'fail what is not done by then; off: no deadline', (text: string) =>
      text === 'off' ? text : instantValue(text),
    )
    .option('--label <k=v>', 'a label; those given replace all that the job has (repeatable)', labelValue)
    .option('--json', 'print one JSON job per line')
    .action((jobIds: string[], options: SetOptions) => withDaemon(io, (context) => setJobs(context, jobIds, options)))
  program
    .command('rm')
    .summary('forget settled jobs and batches')
    .description(
      'Removes settled jobs and their receipts from the daemon, and settled batches with all of their jobs. Objects in OSS stay.',
    )
    .argument('<id...>', 'the jobs or batches')
    .action((ids: string[]) =>
      withDaemon(io, ({ api, ...context }) =>
        forEachJob({ api, ...context }, ids, async (id) => {
          await (isBatchId(id) ? api.removeBatch(id, context.signal) : api.remove(id, context.signal))
          context.console.line(`${escapeText(id)}  removed`)
        }),
      ),
    )
}
