import type { Command } from 'commander'
import type { JobState } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import { isBatchId, type ListQuery } from '../client/api.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { countValue, labelFilterValue, stateValue } from '../options.js'
import { batchLines } from '../text/batch-text.js'
import { jobLines, jobListHeader, jobListLine } from '../text/job-text.js'

interface ListOptions {
  readonly state?: JobState[]
  readonly bucket?: string
  readonly label?: string[]
  readonly limit: number
  readonly all?: true
  readonly json?: true
}

const largestPage = 1000

const list = async ({ api, console, signal }: CommandContext, options: ListOptions): Promise<void> => {
  const query: ListQuery = {
    ...(options.state === undefined ? {} : { states: options.state }),
    ...(options.bucket === undefined ? {} : { bucket: options.bucket }),
    ...(options.label === undefined ? {} : { labels: options.label }),
  }
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
  const shown = isBatchId(id) ? await api.getBatch(id, signal) : await api.get(id, signal)
  if (json) console.json(shown)
  else for (const line of 'walk' in shown ? batchLines(shown) : jobLines(shown, console.columns)) console.line(line)
}

export const addLookCommands = (program: Command, io: CliIo): void => {
  program
    .command('ls')
    .summary('list jobs, newest first')
    .description('Lists jobs, newest first.')
    .option('--state <state>', 'only these states (repeatable, or comma-separated)', stateValue)
    .option('--bucket <name>', 'only jobs to this bucket')
    .option(
      '--label <k=v>',
      'only jobs with this label, or with any value of it (repeatable: all must hold)',
      labelFilterValue,
    )
    .option('--limit <n>', 'how many at most', countValue, 100)
    .option('--all', 'all of them')
    .option('--json', 'print {items, nextCursor}')
    .action((options: ListOptions) => withDaemon(io, (context) => list(context, options)))

  program
    .command('show')
    .summary('show one job with its receipt, or a batch')
    .description('Shows everything about one job: progress, error, receipt; about a batch its totals and problems.')
    .argument('<id>', 'the job or batch')
    .option('--json', 'print it as JSON')
    .action((jobId: string, options: { json?: true }) =>
      withDaemon(io, (context) => show(context, jobId, options.json === true)),
    )
}
