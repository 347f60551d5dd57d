import type { Command } from 'commander'
import type { JobView } from '../../core/job-view.js'
import type { Verb } from '../api.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { ExitError, exitCodes } from '../exit-error.js'
import { ProblemError } from '../http-client.js'
import { problemLines } from '../job-text.js'
import { escapeText } from '../terminal-text.js'

/** Does `work` to one job after the other. A refusal is shown and the next one has its turn; the exit code tells. */
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
  { verb: 'resume', summary: 'go on with paused jobs' },
  { verb: 'cancel', summary: 'stop jobs and remove their parts from OSS' },
  { verb: 'retry', summary: 'try failed jobs again; what OSS already holds is kept' },
]

export const addSteerCommands = (program: Command, io: CliIo): void => {
  for (const { verb, summary } of verbs) {
    program
      .command(verb)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .argument('<id...>', 'the jobs')
      .option('--json', 'print one JSON job per line')
      .action((jobIds: string[], options: { json?: true }) =>
        withDaemon(io, (context) =>
          forEachJob(context, jobIds, async (jobId) => {
            const job: JobView = await context.api.control(jobId, verb, context.signal)
            if (options.json === true) context.console.json(job)
            else context.console.line(`${escapeText(job.id)}  ${escapeText(job.state)}`)
          }),
        ),
      )
  }
  program
    .command('rm')
    .summary('forget settled jobs')
    .description('Removes settled jobs and their receipts from the daemon. Objects in OSS stay.')
    .argument('<id...>', 'the jobs')
    .action((jobIds: string[]) =>
      withDaemon(io, (context) =>
        forEachJob(context, jobIds, async (jobId) => {
          await context.api.remove(jobId, context.signal)
          context.console.line(`${escapeText(jobId)}  removed`)
        }),
      ),
    )
}
