#!/usr/bin/env node
import { writeSync } from 'node:fs'
import { addOperateCommands } from './cli/commands/operate.js'
import { createProgram, runProgram } from './cli/program.js'
import { createOperator } from './doctor/operator.js'

// The daemon, the settings and the development server are loaded by the commands that need them, so that the others
// answer quickly.

const outputFailed = 74

/** Ends the process when its output cannot be written. When the reader went away, the commands themselves decide. */
const endOnOutputError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') return
  try {
    writeSync(2, `longshore: the output cannot be written (${error.code ?? error.message})\n`)
  } catch {
    // There is no other place to report this.
  }
  process.exit(outputFailed)
}

/** Returns what `serve --help` adds. It is empty when no help for `serve` can be asked for. */
const serveHelp = async (args: readonly string[]): Promise<string> =>
  args.includes('serve') ? (await import('./config/settings-help.js')).settingsHelp : ''

const main = async (): Promise<void> => {
  process.stdout.on('error', endOnOutputError)
  process.stderr.on('error', endOnOutputError)
  const args = process.argv.slice(2)
  const io = {
    env: process.env,
    // stdin is opened only for a question, so a daemon leaves it alone.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    stderr: process.stderr,
  }
  const program = createProgram(io)
  let startFailed = false
  program
    .command('serve')
    .description('run the daemon')
    .addHelpText('after', await serveHelp(args))
    .action(async () => {
      // ali-oss prints tokens and signatures when DEBUG asks for it (oss-facts, section 4, trap 12), so the variable is
      // removed before ali-oss is loaded.
      delete process.env['DEBUG']
      delete process.env['NODE_DEBUG']
      const { serve } = await import('./daemon/serve.js')
      startFailed = true
      await serve(process.env)
      startFailed = false
    })
  program
    .command('dev-oss')
    .description('run the OSS-compatible development server')
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .action(async (_options, command) => {
      const { runDevOss } = await import('./oss-emulator/command.js')
      process.exitCode = await runDevOss(command.args)
    })
  addOperateCommands(program, io, createOperator(process.env))
  const exitCode = await runProgram(program, args, io)
  if (exitCode !== 0) process.exitCode = exitCode
  // Parts that had started already must not keep half a daemon alive, because it would hold the database.
  if (startFailed) process.exit()
}

void main()
