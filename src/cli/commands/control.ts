import type { Command } from 'commander'
import type { BatchView } from '../../core/batch-view.js'
import type { JobView } from '../../core/job-view.js'
import { type Verb, verbs, verbWords } from '../../core/verb.js'
import { isBatchId, type JobChanges } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { ProblemError } from '../client/http-client.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { countValue, instantValue, integerValue, labelValue, rateValue } from '../options.js'
import { escapeText } from '../terminal/terminal-text.js'
import { problemLines } from '../text/job-text.js'
import { addFilterOptions, type FilterOptions, listQueryOf } from './filter-options.js'

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
    const controlOne = isBatchId(id) ? api.controlBatch : api.control
    showState(context, await controlOne(id, verb, signal), json)
  })

interface ManyOptions extends FilterOptions {
  readonly all?: true
  readonly json?: true
}

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

/** Nothing that many jobs lose is asked for by forgetting to say which ones. */
const controlMany = async (
  { api, console, signal }: CommandContext,
  verb: Verb,
  { all, json, ...filters }: ManyOptions,
): Promise<void> => {
  const query = listQueryOf(filters)
  if (all !== true && Object.keys(query).length === 0) {
    throw usage(
      `Name jobs or batches, say which by --state, --label, --bucket or --batch, or ${verb} everything by --all.`,
    )
  }
  const begun = await api.controlMany(verb, query, signal)
  if (json === true) console.json(begun)
  else console.line(`${verb}: begun for ${begun.jobs} jobs and ${begun.batches} batches (${escapeText(begun.id)})`)
}

const controlAny = async (
  context: CommandContext,
  verb: Verb,
  ids: readonly string[],
  options: ManyOptions,
): Promise<void> => {
  if (ids.length === 0) return controlMany(context, verb, options)
  const { json, ...others } = options
  if (Object.keys(others).length > 0) throw usage('Either name jobs or batches, or say which by options.')
  await control(context, verb, ids, json === true)
}

export const addControlCommands = (program: Command, io: CliIo): void => {
  for (const verb of verbs) {
    const summary = verbWords[verb].command
    const command = program
      .command(verb)
      .summary(summary)
      .description(
        `${summary.charAt(0).toUpperCase()}${summary.slice(1)}. Without ids: everything that matches the options, which \`show\` follows by the id it prints.`,
      )
      .argument('[id...]', 'the jobs or batches')
    addFilterOptions(command)
      .option('--all', 'everything, where no other option says which')
      .option('--json', 'print one JSON job, batch or verb per line')
      .action((ids: string[], options: ManyOptions) =>
        withDaemon(io, (context) => controlAny(context, verb, ids, options)),
      )
  }
  program
    .command('set')
    .summary('change jobs, running or not')
    .description('Changes jobs; running ones follow at once. Options that are not given stay as they are.')
    .argument('<id...>', 'the jobs')
    .option('--priority <n>', '-100..100, higher first', integerValue)
    .option('--parallel <n>', 'parts in flight of one job', countValue)
    .option(
      '--bandwidth <size>',
      'the most that the job may send per second, like 20MiB; off: no limit of its own',
      (text: string) => (text === 'off' ? text : rateValue(text)),
    )
    .option('--not-after <instant>', 'fail jobs that are not done by then; off: no deadline', (text: string) =>
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
