import closeWithGrace from 'close-with-grace'
import { becomeSmall, limitMalloc } from '../adapters/heap/small-memory.js'
import { createPinoLogger, isLogStuck, logDrained } from '../adapters/log/pino-logger.js'
import { endProcess, threadsAreBusy } from '../adapters/process/end-process.js'
import { createServiceNotifier } from '../adapters/systemd/service-notifier.js'
import { ExitError } from '../cli/client/exit-error.js'
import { ConfigError, loadConfig } from '../config/config.js'
import { nodeProblem } from '../config/node-release.js'
import { longestTimerMs } from '../core/units.js'
import { startDaemon } from './daemon.js'

const exitCodes = { crashed: 1, badSettings: 78 } as const

/** Beyond the drain timeout, closing the streams and the database may take this long before the process ends anyway. */
const closingGraceMs = 10_000

/** Ends the process when not everything could be ended. Every state is in the database, as it is after a power cut. */
const endNow = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

const isTty = process.stdout.isTTY === true

const run = async (env: NodeJS.ProcessEnv): Promise<void> => {
  limitMalloc()
  const config = loadConfig(env)
  const logger = await createPinoLogger(config.logLevel, isTty)
  for (const warning of config.warnings) logger.warn({}, warning)
  const problem = nodeProblem(process.version)
  if (problem !== null) logger.warn({}, problem)

  const daemon = await startDaemon(config, logger, ({ exitCode, message }) => {
    logger.fatal({ reason: message }, 'The store failed: the daemon ends, every job is kept')
    process.exit(exitCode)
  })
  becomeSmall()
  const service = createServiceNotifier(env, daemon.isWell, logger)
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

/**
 * Runs the daemon of this process. It resolves once the daemon listens. It throws ExitError when the daemon cannot
 * start; parts of it that had started already may be running then.
 */
export const serve = async (env: NodeJS.ProcessEnv): Promise<void> => {
  try {
    await run(env)
  } catch (error) {
    throw startupError(error)
  }
}
