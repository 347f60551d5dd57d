import type { FastifyBaseLogger } from 'fastify'

export interface LogLine {
  readonly level: string
  readonly fields: object
  readonly message: string
}

/** Creates a logger that keeps its lines. */
export const createMemoryLogger = (lines: LogLine[]): FastifyBaseLogger => {
  const at =
    (level: string) =>
    (fields: unknown, message = ''): void =>
      void lines.push({ level, fields: typeof fields === 'object' && fields !== null ? fields : {}, message })
  const logger = {
    level: 'debug',
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    silent: at('silent'),
    child: () => logger,
  }
  return logger as unknown as FastifyBaseLogger
}
