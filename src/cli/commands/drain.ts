import type { Command } from 'commander'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import { durationValue, type SinceOption, sinceValue } from '../options.js'
import { exitBy, showCounts, sinceText, waitPatiently } from './wait.js'

interface DrainOptions {
  readonly timeout?: number
  readonly since?: SinceOption
  readonly undo?: true
  readonly json?: true
}

const drain = async (context: CommandContext, options: DrainOptions): Promise<void> => {
  const { api, console, signal } = context
  const { timeout = Number.POSITIVE_INFINITY, undo = false, json = false } = options
  if (undo) {
    if (options.timeout !== undefined || options.since !== undefined)
      throw new ExitError(exitCodes.usage, '--undo does not wait: leave --timeout and --since out.')
    await api.undoDrain(signal)
    if (!json) console.line('the daemon takes new jobs again')
    return
  }
  const counts = await waitPatiently(context, timeout, (seconds, elapsedMs) =>
    api.drain(seconds, options.since && sinceText(options.since, elapsedMs), signal),
  )
  showCounts(context, counts, json)
  if (counts.pending > 0) console.note('the daemon is still draining; to undo that: longshore drain --undo')
  exitBy(counts)
}

export const addDrainCommand = (program: Command, io: CliIo): void => {
  program
    .command('drain')
    .summary('take no new jobs, and finish the existing ones')
    .description(
      'The daemon refuses new jobs from now on; the command waits until nothing is pending. The daemon keeps running and refuses ' +
        'new jobs until --undo or until it ends. Exit 0: all completed; 1: some failed or were cancelled; 124: time ran out.',
    )
    .option('--timeout <time>', 'how long to wait at most, like 30s, 5m or 1h', durationValue)
    .option('--since <time>', 'also count jobs that settled since then: 1h, or 2026-01-01T00:00:00Z', sinceValue)
    .option('--undo', 'take new jobs again')
    .option('--json', 'print {pending, completed, failed, cancelled}')
    .action((options: DrainOptions) => withDaemon(io, (context) => drain(context, options)))
}
