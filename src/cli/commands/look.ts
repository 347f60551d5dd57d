import type { Command } from 'commander'
import type { JobView } from '../../core/job-view.js'
import { isBatchId, isVerbId } from '../client/api.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { countValue } from '../options.js'
import { batchLines } from '../text/batch-text.js'
import { jobLines, jobListHeader, jobListLine } from '../text/job-text.js'
import { nodesLines } from '../text/node-text.js'
import { verbLines } from '../text/verb-text.js'
import { addFilterOptions, type FilterOptions, listQueryOf } from './filter-options.js'

interface ListOptions extends FilterOptions {
  readonly limit: number
  readonly all?: true
  readonly json?: true
}

const largestPage = 1000

const list = async ({ api, console, signal }: CommandContext, options: ListOptions): Promise<void> => {
  const query = listQueryOf(options)
  const items: JobView[] = []
  let left = options.all === true ? Number.POSITIVE_INFINITY : options.limit
  let cursor: string | null = null
  let headed = false
  do {
    const page = await api.page(query, Math.min(left, largestPage), cursor, signal)
    left -= page.items.length
    cursor = page.nextCursor
    if (options.json === true) {
      items.push(...page.items)
      continue
    }
    if (!headed && page.items.length > 0) console.line(jobListHeader)
    headed ||= page.items.length > 0
    for (const job of page.items) console.line(jobListLine(job, console.columns))
    await console.drained()
  } while (cursor !== null && left > 0)
  if (options.json === true) console.json({ items, nextCursor: cursor })
  else if (!headed) console.note('no jobs')
  else if (cursor !== null) console.note('there may be more: --limit N or --all')
}

const show = async ({ api, console, signal }: CommandContext, id: string, json: boolean): Promise<void> => {
  if (isVerbId(id)) {
    const verb = await api.getVerb(id, signal)
    if (json) console.json(verb)
    else for (const line of verbLines(verb)) console.line(line)
    return
  }
  const shown = isBatchId(id) ? await api.getBatch(id, signal) : await api.get(id, signal)
  if (json) console.json(shown)
  else for (const line of 'walk' in shown ? batchLines(shown) : jobLines(shown, console.columns)) console.line(line)
}

const nodes = async ({ api, console, signal }: CommandContext, json: boolean): Promise<void> => {
  const found = await api.nodes(signal)
  if (json) console.json(found)
  else for (const line of nodesLines(found)) console.line(line)
}

export const addLookCommands = (program: Command, io: CliIo): void => {
  addFilterOptions(program.command('ls').summary('list jobs, newest first').description('Lists jobs, newest first.'))
    .option('--limit <n>', 'how many at most', countValue, 100)
    .option('--all', 'all of them')
    .option('--json', 'print {items, nextCursor}')
    .action((options: ListOptions) => withDaemon(io, (context) => list(context, options)))

  program
    .command('show')
    .summary('show one job with its receipt, a batch, or a verb for many jobs')
    .description(
      'Shows everything about one job: progress, error, receipt; about a batch its totals and problems; about a verb for many jobs how far it has come.',
    )
    .argument('<id>', 'the job, batch or verb')
    .option('--json', 'print it as JSON')
    .action((jobId: string, options: { json?: true }) =>
      withDaemon(io, (context) => show(context, jobId, options.json === true)),
    )

  program
    .command('nodes')
    .summary('list the daemons that work on the same jobs')
    .description('Lists the daemons that work on the same jobs, with what each is doing. With SQLite there is one.')
    .option('--json', 'print {items}')
    .action((options: { json?: true }) => withDaemon(io, (context) => nodes(context, options.json === true)))
}
