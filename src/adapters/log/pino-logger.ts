import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

export type { PinoLogger }

import { build as pretty } from 'pino-pretty'

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

/** Pretty on a terminal, one JSON object a line elsewhere, always to stdout. */
export const createPinoLogger = (level: LogLevel, isTty: boolean): PinoLogger => {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: secretPaths, censor: '[secret]' },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return isTty
    ? pino(options, pretty({ colorize: true, ignore: 'component', translateTime: 'SYS:HH:MM:ss.l', sync: true }))
    : pino(options, pino.destination({ fd: 1, sync: true }))
}
