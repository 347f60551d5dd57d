import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

export type { PinoLogger }

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Whatever carries a credential is cut from every line, should one ever get there. */
const secretPaths = [
  'authorization',
  '*.authorization',
  '*.*.authorization',
  '*.accessKeySecret',
  '*.securityToken',
  '*["x-oss-security-token"]',
]

/** Far more than the lines of a turn; beyond it they are written at once. */
const mostHeld = 8 * 1024

/**
 * Stdout, written to once for all lines of a turn of the event loop. What is not written when the process ends is written
 * then. A reader that goes away ends the log, not the process.
 */
const createTurnwiseDestination = (): DestinationStream => {
  const stdout = pino.destination({ fd: 1, sync: true })
  let held = ''
  const flush = (): void => {
    const text = held
    held = ''
    if (text !== '') stdout.write(text)
  }
  process.once('exit', flush)
  return {
    write(line) {
      if (held === '') setImmediate(flush)
      held += line
      if (held.length > mostHeld) flush()
    },
  }
}

/** Pretty on a terminal, one JSON object a line elsewhere, always to stdout. */
export const createPinoLogger = async (level: LogLevel, isTty: boolean): Promise<PinoLogger> => {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: secretPaths, censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (!isTty) return pino(options, createTurnwiseDestination())
  const { build } = await import('pino-pretty')
  return pino(options, build({ colorize: true, ignore: 'component', translateTime: 'SYS:HH:MM:ss.l', sync: true }))
}
