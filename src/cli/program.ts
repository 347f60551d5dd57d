import { Command, CommanderError } from 'commander'
import { ExitError, exitCodes } from './client/exit-error.js'
import { DaemonUnreachable, ProblemError } from './client/http-client.js'
import { addCompletionCommand } from './commands/completion.js'
import { addControlCommands } from './commands/control.js'
import { addDrainCommand } from './commands/drain.js'
import { addLookCommands } from './commands/look.js'
import { addOrphansCommand } from './commands/orphans.js'
import { addPutCommand } from './commands/put.js'
import { addSettingsCommand } from './commands/settings.js'
import { addWaitCommand } from './commands/wait.js'
import { addWatchCommand } from './commands/watch.js'
import type { CliIo } from './console.js'
import { Interrupted } from './interrupt.js'
import { escapeText } from './terminal/terminal-text.js'
import { problemLines } from './text/job-text.js'

const environmentHelp = `
Environment:
  LONGSHORE_URL         where the daemon is: http://host:port, https://host or unix:/path (default: http://127.0.0.1:8484)
  LONGSHORE_TOKEN       the token that opens it
  LONGSHORE_TOKEN_FILE  a file whose first line is the token, or scope:token

Exit codes: 0 done, 1 something failed or was refused, 64 wrong usage, 69 the daemon is not reachable, 124 time is up`

/** Returns the program with every client command. The roof adds its own commands before it runs the program. */
export const createProgram = (io: CliIo): Command => {
  const program = new Command('longshore')
    .description('A resumable upload daemon for Alibaba Cloud OSS.')
    .addHelpText('after', environmentHelp)
    // Commands inherit both of these, so they come before the first command.
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
    })
  addPutCommand(program, io)
  addLookCommands(program, io)
  addWatchCommand(program, io)
  addControlCommands(program, io)
  addSettingsCommand(program, io)
  addWaitCommand(program, io)
  addDrainCommand(program, io)
  addOrphansCommand(program, io)
  addCompletionCommand(program, io)
  return program
}

const explain = (error: unknown): { readonly exitCode: number; readonly lines: readonly string[] } => {
  if (error instanceof ExitError)
    return { exitCode: error.exitCode, lines: error.message === '' ? [] : [error.message] }
  // commander has shown its message already. Asking for help or for the version is not an error.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? 0 : exitCodes.usage, lines: [] }
  if (error instanceof ProblemError) return { exitCode: exitCodes.failed, lines: problemLines(error.problem) }
  if (error instanceof Interrupted) return { exitCode: exitCodes.interrupted, lines: [] }
  if (error instanceof DaemonUnreachable) {
    const sentence = `the daemon is not running at ${error.address} (${escapeText(error.message)}); start it with \`longshore serve\`, or set LONGSHORE_URL`
    return { exitCode: exitCodes.unreachable, lines: [sentence] }
  }
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') {
    return { exitCode: exitCodes.brokenPipe, lines: [] }
  }
  return {
    exitCode: exitCodes.software,
    lines: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  }
}

/** Runs one command line (without node and the script) and returns its exit code. Errors are explained on stderr. */
export const runProgram = async (program: Command, argv: readonly string[], io: CliIo): Promise<number> => {
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    const { exitCode, lines } = explain(error)
    for (const [index, line] of lines.entries()) io.stderr.write(`${index === 0 ? 'longshore: ' : ''}${line}\n`)
    return exitCode
  }
}

/** Runs the client commands alone. */
export const runCli = (argv: readonly string[], io: CliIo): Promise<number> => runProgram(createProgram(io), argv, io)
