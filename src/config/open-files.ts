import { readFileSync } from 'node:fs'

/** Node.js has this many files open at once while it loads the program. */
const toLoad = 112
/** A daemon holds this many files open besides its jobs: the database, threads, listeners, and room for callers. */
const toStand = 48
/**
 * Each part or put that may be in flight needs this many files: its connection, and the sources of four jobs that take
 * turns.
 */
const perTransfer = 5
const presetConcurrency = 16

/**
 * Returns the soft limit of open files, or null where the system does not tell. Node.js has raised it as far as it may.
 */
export const openFilesLimit = (limits: string): number | null => {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? []
  if (soft === undefined) return null
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

export const readLimits = (): string => {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}

/** Returns the number of files and sockets without which a daemon of this concurrency cannot do its work. */
export const fewestOpenFiles = (concurrency: number): number => Math.max(toLoad, toStand + perTransfer * concurrency)

/**
 * Returns what to raise, and to what, when this command cannot run with so few open files. Otherwise it returns null.
 * All other code is loaded after this check, because it would end in a stack trace.
 */
export const openFilesProblem = (
  command: string | undefined,
  { LONGSHORE_CONCURRENCY: text }: NodeJS.ProcessEnv,
  limits = readLimits(),
): string | null => {
  const limit = openFilesLimit(limits)
  // The settings refuse a text that is not a number, in a sentence of their own.
  const concurrency = Number(text) || presetConcurrency
  const serves = command === 'serve'
  const fewest = serves ? fewestOpenFiles(concurrency) : toLoad
  if (limit === null || limit >= fewest) return null
  const purpose = serves ? ` for LONGSHORE_CONCURRENCY=${concurrency}` : ''
  const instead = fewest > toLoad ? ', or lower the concurrency' : ''
  return `Only ${limit} files and sockets may be open, ${fewest} are needed${purpose}: raise the limit (LimitNOFILE= of systemd, ulimit -n, --ulimit nofile= of Docker) to ${fewest} or more${instead}.`
}
