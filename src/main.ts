#!/usr/bin/env node
import { writeSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import { collectEarly } from './adapters/heap/collect-early.js'
import { createPinoLogger, isLogStuck, logDrained } from './adapters/log/pino-logger.js'
import { endProcess, threadsAreBusy } from './adapters/process/end-process.js'
import { createServiceNotifier } from './adapters/systemd/service-notifier.js'
import { ExitError } from './cli/client/exit-error.js'
import { addOperateCommands } from './cli/commands/operate.js'
import { createProgram, runProgram } from './cli/program.js'
import { ConfigError, loadConfig } from './config/config.js'
import { nodeProblem } from './config/node-release.js'
import { settings } from './config/rows.js'
import { longestTimerMs } from './core/units.js'
import { createOperator } from './doctor/operator.js'

const exitCodes = { crashed: 1, outputFailed: 74, badSettings: 78 } as const

/** Beyond the drain timeout, closing the streams and the database may take this long before the process ends anyway. */
const closingGraceMs = 10_000

/** Ends the process when not everything could be ended. Every state is in the database, as it is after a power cut. */
const endNow = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

const settingsHelp = `
Settings (environment):
${settings.map(([name, preset, meaning]) => `  ${name.padEnd(30)} ${meaning} (${preset})`).join('\n')}

Exit codes: 0 clean stop, 65 database corrupt or foreign, 70 the threads that move bytes cannot run, 74 database I/O, 75 another daemon holds the database, 78 a setting is not right`

const isTty = process.stdout.isTTY === true

const serve = async (): Promise<void> => {
  // ali-oss prints tokens and signatures when DEBUG asks for it (oss-facts, section 4, trap 12), so the variable is
  // removed before ali-oss is loaded.
  delete process.env['DEBUG']
  delete process.env['NODE_DEBUG']
  collectEarly()
  const config = loadConfig(process.env)
  const logger = await createPinoLogger(config.logLevel, isTty)
  for (const warning of config.warnings) logger.warn({}, warning)
  const problem = nodeProblem(process.version)
  if (problem !== null) logger.warn({}, problem)

  const { startDaemon } = await import('./daemon/daemon.js')
  const daemon = await startDaemon(config, logger, ({ exitCode, message }) => {
    logger.fatal({ reason: message }, 'The store failed: the daemon ends, every job is kept')
    process.exit(exitCode)
  })
  const service = createServiceNotifier(process.env, daemon.isWell, logger)
  // SIGTERM and SIGINT drain. A second one ends the process at once.
  const grace = {
    // One timer waits for it. A longer grace would overflow that timer and end the process at once.
    delay: Math.min(config.drainTimeoutMs + closingGraceMs, longestTimerMs),
    logger: false,
    onSecondSignal: endNow,
    onTimeout: endNow,
  } as const
  closeWithGrace(grace, async ({ err }) => {
    if (err !== undefined) logger.fatal({ error: err.stack }, 'The daemon crashed')
    await Promise.all([service.stopping(), daemon.stop()])
    await logDrained()
    // A clean exit joins every thread, so it would wait for a mount that does not answer, or for a reader that does not
    // read.
    if (isLogStuck() || daemon.isHeldUp() || threadsAreBusy()) endProcess(err === undefined ? 0 : exitCodes.crashed)
  })
  const [address] = daemon.addresses
  const always = await createPinoLogger('info', isTty)
  always.info({ address, addresses: daemon.addresses }, 'listening')
  await service.ready(address ?? '')
}

/** Turns errors of the start that people can act on into a sentence and an exit code. */
const startupError = (error: unknown): ExitError => {
  if (error instanceof ConfigError) return new ExitError(exitCodes.badSettings, error.message)
  const { exitCode, message } = error as { exitCode?: unknown; message?: unknown }
  return new ExitError(typeof exitCode === 'number' ? exitCode : exitCodes.crashed, String(message))
}

/** Ends the process when its output cannot be written. When the reader went away, the commands themselves decide. */
const endOnOutputError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') return
  try {
    writeSync(2, `longshore: the output cannot be written (${error.code ?? error.message})\n`)
  } catch {
    // There is no other place to report this.
  }
  process.exit(exitCodes.outputFailed)
}

const main = async (): Promise<void> => {
  process.stdout.on('error', endOnOutputError)
  process.stderr.on('error', endOnOutputError)
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
    .addHelpText('after', settingsHelp)
    .action(async () => {
      try {
        await serve()
      } catch (error) {
        startFailed = true
        throw startupError(error)
      }
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
  const exitCode = await runProgram(program, process.argv.slice(2), io)
  if (exitCode !== 0) process.exitCode = exitCode
  // Parts that had started already must not keep half a daemon alive, because it would hold the database.
  if (startFailed) process.exit()
}

void main()
