import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { DatabaseReport } from '../../core/database-report.js'
import type { BucketPrefix } from '../../core/object-key.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { type CliIo, createConsole } from '../console.js'
import { parseOssUrl } from '../put/oss-url.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'
import { type DoctorReport, doctorLines } from '../text/doctor-report.js'

/**
 * The roof lends these commands, which need no daemon: they must work when `serve` cannot start. Each may throw an
 * error with a sentence for people and the `exitCode` to end with.
 */
export interface Operator {
  /** The doctor also tries what it may write below each of the prefixes. */
  examine(prefixes: readonly BucketPrefix[]): Promise<DoctorReport>
  /** Returns the path of the database in the data directory that the settings name. */
  databasePath(): Promise<string>
  check(path: string): Promise<DatabaseReport>
  backUp(source: string, target: string, overwrite: boolean): Promise<DatabaseReport>
}

/** This is the exit code for a database that is not sound. `serve` ends with the same one. */
const corrupt = 65

const bucketPrefixValue = (text: string, previous: readonly BucketPrefix[] = []): BucketPrefix[] => {
  const url = parseOssUrl(text)
  if (url === null)
    throw new InvalidArgumentError('Give a bucket or a prefix as oss://bucket/ or oss://bucket/prefix/.')
  return [
    ...previous,
    { bucket: url.bucket, prefix: url.key === '' || url.key.endsWith('/') ? url.key : `${url.key}/` },
  ]
}

const databaseText = ({ path, sizeBytes, walBytes, schemaVersion, jobs, events }: DatabaseReport): string => {
  const log = walBytes === 0 ? '' : ` and ${formatBytes(walBytes)} of write-ahead log`
  return `${escapeText(path)}: ${formatBytes(sizeBytes)}${log}, schema ${schemaVersion}, ${jobs} jobs, ${events} events`
}

/** Runs the work. An error that an operator can act on ends the command with its own exit code. */
const operating = async (work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    const exitCode = error instanceof Error && 'exitCode' in error ? error.exitCode : null
    if (typeof exitCode !== 'number' || error instanceof ExitError) throw error
    throw new ExitError(exitCode, escapeText((error as Error).message))
  }
}

export const addOperateCommands = (program: Command, io: CliIo, operator: Operator): void => {
  program
    .command('doctor')
    .summary('find out what keeps the daemon from working')
    .description(
      'Checks the settings of `serve` in this environment, the data directory, this machine, the keys, the clock, and each ' +
        'bucket: a small multipart upload is begun, written, listed and aborted, so that no object is made. Without arguments ' +
        'the buckets of LONGSHORE_ALLOWED_TARGETS are tried. Works beside a running daemon and without one. ' +
        'Exit 0: nothing failed (there may be warnings); 1: something failed.',
    )
    .argument('[oss-url...]', 'where to try to write, like oss://bucket/prefix/', bucketPrefixValue)
    .option('--json', 'print {ok, checks: [{name, status, detail, remedy}]}')
    .action((prefixes: readonly BucketPrefix[] | undefined, options: { json?: true }) =>
      operating(async () => {
        const console = createConsole(io)
        const report = await operator.examine(prefixes ?? [])
        if (options.json === true) console.json(report)
        else for (const line of doctorLines(report, io.stdout.columns ?? 100)) console.line(line)
        if (!report.ok) throw new ExitError(exitCodes.failed)
      }),
    )

  program
    .command('backup')
    .summary('copy the database to a file, while the daemon runs or not')
    .description(
      'Copies the database of LONGSHORE_DATA_DIR, as it was at one moment, to a file of its own and checks the copy. ' +
        'The daemon may go on meanwhile. To restore: stop the daemon, replace longshore.db by the file, remove ' +
        'longshore.db-wal and longshore.db-shm, start.',
    )
    .argument('<file>', 'the file to make')
    .option('--force', 'replace the file when it exists')
    .option('--json', 'print what was copied as JSON')
    .action((file: string, options: { force?: true; json?: true }) =>
      operating(async () => {
        const console = createConsole(io)
        const report = await operator.backUp(await operator.databasePath(), resolve(file), options.force === true)
        if (options.json === true) console.json(report)
        else console.line(`backed up to ${databaseText(report)}`)
      }),
    )

  program
    .command('check')
    .summary('read the whole database and say whether it is sound')
    .description(
      'Reads every page, index and constraint of the database of LONGSHORE_DATA_DIR, or of a backup, and compares the ' +
        'counters with a count. Changes nothing; the daemon may run meanwhile. ' +
        'Exit 0: sound; 65: damaged, or of another program; 74: cannot be read.',
    )
    .argument('[file]', 'a backup to check instead')
    .option('--json', 'print what was found as JSON')
    .action((file: string | undefined, options: { json?: true }) =>
      operating(async () => {
        const console = createConsole(io)
        const report = await operator.check(file === undefined ? await operator.databasePath() : resolve(file))
        const { problems } = report
        if (options.json === true) console.json(report)
        else {
          console.line(databaseText(report))
          for (const problem of problems) console.line(`  ${escapeText(problem)}`)
          console.line(problems.length === 0 ? 'sound' : 'NOT sound: restore a backup')
        }
        if (problems.length > 0) throw new ExitError(corrupt)
      }),
    )
}
