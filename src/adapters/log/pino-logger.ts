import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'
import { createLogDestination, type LogDestination } from './log-destination.js'

export type { PinoLogger }

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Fields that can carry a credential are removed from every line, should one ever get there. */
const secretPaths = [
  'authorization',
  '*.authorization',
  '*.*.authorization',
  '*.accessKeySecret',
  '*.securityToken',
  '*["x-oss-security-token"]',
]

/** All loggers of the process share one destination, so that their lines keep their order. */
let stdout: LogDestination | null = null
const stdoutDestination = (): LogDestination => {
  stdout ??= createLogDestination(1)
  return stdout
}

/** Returns whether a reader that has stopped holds up the log's thread. A clean exit would wait for that thread. */
export const isLogStuck = (): boolean => stdout?.isStuck() ?? false

/** Resolves when the log is written, as far as it can be written. */
export const logDrained = (): Promise<void> => stdout?.drained() ?? Promise.resolve()

/** Creates a logger that writes to stdout: in a pretty form on a terminal, and as one JSON object a line elsewhere. */
export const createPinoLogger = async (level: LogLevel, isTty: boolean): Promise<PinoLogger> => {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: secretPaths, censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (!isTty) return pino(options, stdoutDestination())
  const { build } = await import('pino-pretty')
  return pino(options, build({ colorize: true, ignore: 'component', translateTime: 'SYS:HH:MM:ss.l', sync: true }))
}
