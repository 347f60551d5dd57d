import { type Command, Option } from 'commander'
import { ifExistsPolicies, sourceChangePolicies } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo, Console } from '../console.js'
import { ExitError, exitCodes } from '../exit-error.js'
import { followJobs } from '../follow-jobs.js'
import { Interrupted } from '../interrupt.js'
import { acceptedLine, problemLines, receiptLines } from '../job-text.js'
import { joinSignals } from '../join-signals.js'
import {
  countValue,
  headerValue,
  instantValue,
  integerValue,
  labelValue,
  patternValue,
  rateValue,
  sizeValue,
} from '../options.js'
import { createProgressBars } from '../progress-bars.js'
import type { ProgressDisplay } from '../progress-display.js'
import { createProgressLines } from '../progress-lines.js'
import { putBatch } from '../put-batch.js'
import { type PutOptions, planFiles, planRun, type Run } from '../put-run.js'
import { formatBytes, formatSeconds } from '../readable.js'
import { submitFiles } from '../submit-files.js'
import { createTally, type Tally } from '../tally.js'
import { escapeText } from '../terminal-text.js'

/** Submits everything. Answers how many files were left out. */
const submitRun = async (
  run: Run,
  { api }: CommandContext,
  signal: AbortSignal,
  onAccepted: (job: JobView) => void,
  note: (text: string) => void,
): Promise<number> => {
  let leftOut = 0
  const onProblem = (text: string): void => {
    leftOut++
    note(text)
  }
  await submitFiles({
    api,
    files: planFiles(run, onProblem),
    common: run.common,
    runId: run.runId,
    signal,
    graceMs,
    onAccepted,
    onRefused(file, refusal) {
      if (run.single) throw refusal
      const [first = '', ...rest] = problemLines(refusal.problem)
      onProblem([`${escapeText(file.path)}: ${first}`, ...rest].join('\n'))
    },
  })
  return leftOut
}

const submitOnly = async (run: Run, context: CommandContext, json: boolean): Promise<void> => {
  const { console, signal } = context
  let jobs = 0
  const leftOut = await submitRun(
    run,
    context,
    signal,
    (job) => {
      jobs++
      if (json) console.json(job)
      else console.line(acceptedLine(job))
    },
    console.note,
  )
  if (!run.single && !json) console.line(`${jobs} jobs accepted; wait for them: longshore wait --label ${run.label}`)
  if (leftOut > 0) throw new ExitError(exitCodes.failed, `${leftOut} left out.`)
}

const createDisplay = (console: Console, tally: Tally, run: Run, json: boolean): ProgressDisplay => {
  if (json) return { settled: console.json, note: console.note, stop: () => {} }
  if (console.stdout.isTTY) return createProgressBars(console.stdout, tally, run.single)
  return createProgressLines(console, tally)
}

const summaryText = (tally: Tally, leftOut: number, seconds: number): string => {
  const { completed, skipped, failed, cancelled, bytesUploaded } = tally.totals()
  const uploaded = completed - skipped
  const rate = seconds > 0 ? ` (${formatBytes(bytesUploaded / seconds)}/s)` : ''
  const others = Object.entries({ skipped, failed, cancelled, 'left out': leftOut })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `, ${count} ${name}`)
  const files = uploaded === 1 ? '1 file' : `${uploaded} files`
  return `uploaded ${files}, ${formatBytes(bytesUploaded)} in ${formatSeconds(seconds)}${rate}${others.join('')}`
}

const interruptedText = (run: Run, tally: Tally): string => {
  const [first] = tally.open()
  if (first === undefined) return 'interrupted'
  const how = run.single ? `longshore watch ${escapeText(first.id)}` : `longshore wait --label ${run.label}`
  return `interrupted; the daemon goes on with ${tally.openCount()} of ${tally.totals().files} files: ${how}`
}

const submitAndWait = async (run: Run, context: CommandContext, json: boolean): Promise<void> => {
  const { api, console } = context
  const startedAt = performance.now()
  const receipts: string[] = []
  const tally = createTally((job) => {
    if (run.single) receipts.push(...receiptLines(job))
    display.settled(job)
  })
  const display = createDisplay(console, tally, run, json)
  const stop = new AbortController()
  const signal = joinSignals(context.signal, stop.signal)
  const submitting = submitRun(run, context, signal, tally.track, display.note)
  const complete = submitting.then(
    () => {},
    () => {},
  )
  const following = followJobs({ api, tally, label: run.label, complete, signal, graceMs, note: display.note })
  let leftOut: number
  try {
    ;[leftOut] = await Promise.all([submitting, following])
  } catch (error) {
    stop.abort(error)
    await Promise.allSettled([submitting, following])
    display.stop()
    if (error instanceof Interrupted) console.note(interruptedText(run, tally))
    throw error
  }
  display.stop()
  if (!json)
    for (const line of [...receipts, summaryText(tally, leftOut, (performance.now() - startedAt) / 1000)])
      console.line(line)
  const { failed, cancelled } = tally.totals()
  if (failed + cancelled + leftOut > 0) throw new ExitError(exitCodes.failed)
}

export const addPutCommand = (program: Command, io: CliIo): void => {
  program
    .command('put')
    .summary('upload files or directories')
    .description(
      'Submits files to the daemon. One file goes to the key, or below the prefix when the target ends in /. ' +
        'A directory becomes a batch, which the daemon walks and which goes on without this command; several paths become ' +
        'one job per file below the prefix. Hidden files are included, symbolic links are not.',
    )
    .usage('[options] PATH... oss://bucket/key-or-prefix/')
    .argument('<path...>', 'files and directories, and the target behind them')
    .option('--wait', 'wait until everything is settled, with progress')
    .option('--label <k=v>', 'label the jobs (repeatable)', labelValue)
    .option('--part-size <size>', 'preferred part size, like 8MiB', sizeValue)
    .option('--parallel <n>', 'parts in flight of one job', countValue)
    .option('--bandwidth <size>', 'what each job may send in a second, like 20MiB', rateValue)
    .option('--multipart-threshold <size>', 'files from this size on go in parts', sizeValue)
    .option('--header <header>', "'Name: value' for the object (repeatable)", headerValue)
    .option('--priority <n>', '-100..100, higher first', integerValue)
    .option('--sequential', 'send the parts strictly in order')
    .addOption(new Option('--if-exists <policy>', 'when the object exists already').choices(ifExistsPolicies))
    .option('--not-before <instant>', 'do not begin before then', instantValue)
    .option('--not-after <instant>', 'fail what is not done by then', instantValue)
    .addOption(new Option('--on-source-change <policy>', 'when a file changes meanwhile').choices(sourceChangePolicies))
    .option('--delete-source', 'delete each file once its object is proven')
    .option('--include <glob>', 'of a directory: only files that match (repeatable)', patternValue)
    .option('--exclude <glob>', 'of a directory: leave out files and directories that match (repeatable)', patternValue)
    .option('--follow-symlinks', 'of a directory: follow symbolic links, never out of the source roots')
    .option('--dry-run', 'of a directory: send nothing, list what would be sent')
    .option('--json', 'print one JSON job per line: as accepted, or with --wait as settled; of a directory its batch')
    .action((args: string[], options: PutOptions) =>
      withDaemon(io, async (context) => {
        const run = await planRun(args, options)
        const json = options.json === true
        if (run.batch !== null) return putBatch(run.batch, run.runId, context, { wait: options.wait === true, json })
        const work = options.wait === true ? submitAndWait : submitOnly
        await work(run, context, json)
      }),
    )
}
