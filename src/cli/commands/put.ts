import { randomUUID } from 'node:crypto'
import { type Command, Option } from 'commander'
import { type IfExists, ifExistsPolicies } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'
import type { JobRequest } from '../api.js'
import { type CommandContext, graceMs, withDaemon } from '../command-context.js'
import type { CliIo, Console } from '../console.js'
import { ExitError, exitCodes } from '../exit-error.js'
import { followJobs } from '../follow-jobs.js'
import { Interrupted } from '../interrupt.js'
import { acceptedLine, problemLines, receiptLines } from '../job-text.js'
import { joinSignals } from '../join-signals.js'
import { type LocalSource, listFiles, lookAt } from '../local-files.js'
import { countValue, headerValue, integerValue, labelValue, sizeValue } from '../options.js'
import { keyBelow, type OssUrl, parseOssUrl } from '../oss-url.js'
import { createProgressBars } from '../progress-bars.js'
import type { ProgressDisplay } from '../progress-display.js'
import { createProgressLines } from '../progress-lines.js'
import { formatBytes, formatSeconds } from '../readable.js'
import { type FileToSubmit, submitFiles } from '../submit-files.js'
import { createTally, type Tally } from '../tally.js'
import { escapeText } from '../terminal-text.js'

interface PutOptions {
  readonly wait?: true
  readonly label?: Record<string, string>
  readonly partSize?: number
  readonly parallel?: number
  readonly multipartThreshold?: number
  readonly header?: Record<string, string>
  readonly priority?: number
  readonly sequential?: true
  readonly ifExists?: IfExists
  readonly json?: true
}

/** What one `put` is about, resolved from its arguments. */
interface Run {
  readonly sources: readonly LocalSource[]
  readonly target: OssUrl
  /** One file to one object; else every job carries `label`, by which the run is found again. */
  readonly single: boolean
  readonly runId: string
  readonly label: string
  readonly common: Omit<JobRequest, 'source' | 'target'>
}

const runLabel = 'put'

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

const planRun = async (args: readonly string[], options: PutOptions): Promise<Run> => {
  const target = parseOssUrl(args.at(-1) ?? '')
  if (target === null || args.length < 2) {
    throw usage(
      'Name one or more paths, and where they go as the last argument: oss://bucket/key or oss://bucket/prefix/.',
    )
  }
  const sources: LocalSource[] = []
  for (const argument of args.slice(0, -1)) sources.push(await lookAt(argument))
  const single = sources.length === 1 && sources[0]?.kind === 'file'
  const { label: labels = {}, partSize, parallel, multipartThreshold, header, priority, sequential, ifExists } = options
  if (!single && Object.hasOwn(labels, runLabel))
    throw usage(`The label ${runLabel} is given to the jobs by this command.`)
  const runId = randomUUID()
  const common = {
    ...(partSize === undefined ? {} : { partSize }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(multipartThreshold === undefined ? {} : { multipartThreshold }),
    ...(header === undefined ? {} : { headers: header }),
    ...(priority === undefined ? {} : { priority }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(ifExists === undefined ? {} : { ifExists }),
    labels: single ? labels : { ...labels, [runLabel]: runId },
  }
  return { sources, target, single, runId, label: `${runLabel}=${runId}`, common }
}

/** Each file with its object; two files that would become one object are a problem, and the first one wins. */
async function* planFiles(run: Run, onProblem: (text: string) => void): AsyncGenerator<FileToSubmit> {
  const { bucket, key: place } = run.target
  const keys = new Set<string>()
  for await (const { path, relative } of listFiles(run.sources, onProblem)) {
    const key = run.single && place !== '' && !place.endsWith('/') ? place : keyBelow(place, relative)
    if (keys.has(key)) onProblem(`${escapeText(path)}: another file goes to oss://${escapeText(`${bucket}/${key}`)}`)
    else yield { path, bucket, key }
    keys.add(key)
  }
}

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
    const left = tally.openCount()
    if (error instanceof Interrupted && left > 0) console.note(`interrupted; the daemon goes on with ${left} jobs`)
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
        'A directory or several paths become one job per file below the prefix; hidden files are included, symbolic links are not.',
    )
    .usage('[options] PATH... oss://bucket/key-or-prefix/')
    .argument('<path...>', 'files and directories, and the target behind them')
    .option('--wait', 'wait until everything is settled, with progress')
    .option('--label <k=v>', 'label the jobs (repeatable)', labelValue)
    .option('--part-size <size>', 'preferred part size, like 8MiB', sizeValue)
    .option('--parallel <n>', 'parts in flight of one job', countValue)
    .option('--multipart-threshold <size>', 'files from this size on go in parts', sizeValue)
    .option('--header <header>', "'Name: value' for the object (repeatable)", headerValue)
    .option('--priority <n>', '-100..100, higher first', integerValue)
    .option('--sequential', 'send the parts strictly in order')
    .addOption(new Option('--if-exists <policy>', 'when the object exists already').choices(ifExistsPolicies))
    .option('--json', 'print one JSON job per line: as accepted, or with --wait as settled')
    .action((args: string[], options: PutOptions) =>
      withDaemon(io, async (context) => {
        const run = await planRun(args, options)
        const work = options.wait === true ? submitAndWait : submitOnly
        await work(run, context, options.json === true)
      }),
    )
}
