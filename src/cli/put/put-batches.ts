import type { PlannedFile } from '../../core/batch.js'
import type { BatchView } from '../../core/batch-view.js'
import { type BatchRequest, listJobs } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { ProblemError } from '../client/http-client.js'
import { type CommandContext, graceMs } from '../command-context.js'
import { drawBatches } from '../follow/draw-batches.js'
import { followBatches, watchBatches } from '../follow/follow-batches.js'
import { formatBytes } from '../terminal/readable.js'
import { escapeText } from '../terminal/terminal-text.js'
import { batchLine, batchProblemLine } from '../text/batch-text.js'
import { problemLines, settledLine } from '../text/job-text.js'
import { createPatientSubmit } from './submit-patiently.js'

export interface PutBatchesOptions {
  /** The run id makes the idempotency keys of this run its own. */
  readonly runId: string
  readonly dryRun: boolean
  readonly wait: boolean
  readonly json: boolean
}

/** At most so many failed jobs of a batch are shown, and the others are counted. */
const shownFailures = 20
const plannedPage = 1000

const plannedLine = ({ path, key, size }: PlannedFile, bucket: string): string =>
  `${escapeText(path)} -> ${escapeText(`oss://${bucket}/${key}`)}  ${formatBytes(size)}`

/** Prints what a dry run would have sent, page by page. */
const printPlanned = async (
  { api, console, signal }: CommandContext,
  batch: BatchView,
  json: boolean,
): Promise<void> => {
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof api.plannedFiles>> = await api.plannedFiles(
      batch.id,
      plannedPage,
      cursor,
      signal,
    )
    for (const file of page.items) {
      if (json) console.json(file)
      else console.line(plannedLine(file, batch.target.bucket))
    }
    await console.drained()
    cursor = page.nextCursor
  } while (cursor !== null)
}

/** Prints what failed of a batch, and what was left out. */
const printBad = async ({ api, console, signal }: CommandContext, batch: BatchView): Promise<void> => {
  if (batch.totals.failed > 0) {
    for await (const job of listJobs(api, { batch: batch.id, states: ['failed'] }, shownFailures, signal)) {
      console.note(settledLine(job))
    }
  }
  for (const problem of batch.walk.problems) console.note(batchProblemLine(problem))
}

const sumOf = (batches: readonly BatchView[], of: (batch: BatchView) => number): number =>
  batches.reduce((sum, batch) => sum + of(batch), 0)

const showDryRun = async (
  made: readonly BatchView[],
  context: CommandContext,
  json: boolean,
): Promise<readonly BatchView[]> => {
  const { console } = context
  const ids = made.map(({ id }) => id)
  const batches = await followBatches(context, { ids, answered: true, see: () => {}, note: console.note })
  for (const batch of batches) await printPlanned(context, batch, json)
  const files = sumOf(batches, ({ walk }) => walk.seen - walk.problemCount)
  if (!json)
    console.line(`${files} files, ${formatBytes(sumOf(batches, ({ totals }) => totals.bytesTotal))} would be sent`)
  for (const batch of batches) await printBad(context, batch)
  return batches
}

const waitFor = async (
  made: readonly BatchView[],
  context: CommandContext,
  json: boolean,
): Promise<readonly BatchView[]> => {
  const { console } = context
  const ids = made.map(({ id }) => id)
  const drawn = console.stdout.isTTY === true && !json
  const batches = await (drawn ? drawBatches(context, made) : watchBatches(context, { ids, answered: true, json }))
  if (drawn) for (const batch of batches) console.line(batchLine(batch))
  if (!json) for (const batch of batches) await printBad(context, batch)
  return batches
}

/**
 * Returns whether a refusal is about the caller or the daemon, so that every other batch would meet the same refusal.
 */
const isAboutAll = ({ problem }: ProblemError): boolean =>
  problem.status === 401 || problem.status >= 500 || problem.code === 'forbidden'

/** Submits one batch after the other. When there are several, a refused one is noted and the others go on. */
const submitAll = async (
  requests: readonly BatchRequest[],
  runId: string,
  { api, console, signal }: CommandContext,
  onMade: (batch: BatchView) => void,
): Promise<void> => {
  const submit = createPatientSubmit({ signal, graceMs })
  for (const [index, request] of requests.entries()) {
    try {
      onMade(await submit(() => api.submitBatch(request, `${runId}-${index}`, signal)))
    } catch (error) {
      if (!(error instanceof ProblemError) || isAboutAll(error) || requests.length === 1) throw error
      const [first = '', ...rest] = problemLines(error.problem)
      console.note([`${escapeText(request.source.dir ?? 'the files')}: ${first}`, ...rest].join('\n'))
    }
  }
}

/**
 * Hands over directories and lists of files as batches. The daemon walks them, and goes on whatever becomes of this
 * command. Throws ExitError `failed` when a batch was refused, or when one was waited for and something of it failed or
 * was left out.
 */
export const putBatches = async (
  requests: readonly BatchRequest[],
  context: CommandContext,
  { runId, dryRun, wait, json }: PutBatchesOptions,
): Promise<void> => {
  const { console } = context
  const made: BatchView[] = []
  const how = (): string => made.map(({ id }) => `longshore watch ${escapeText(id)}`).join('; ')
  let ended: readonly BatchView[] = []
  try {
    await submitAll(requests, runId, context, (batch) => {
      made.push(batch)
      if (wait || dryRun) return
      if (json) console.json(batch)
      else console.line(batchLine(batch))
    })
    if (dryRun) ended = await showDryRun(made, context, json)
    else if (wait) ended = await waitFor(made, context, json)
    else if (!json && made.length > 0) console.line(`wait for ${made.length === 1 ? 'it' : 'them'}: ${how()}`)
  } catch (error) {
    if (made.length > 0) console.note(`what was accepted goes on without this command: ${how()}`)
    throw error
  }
  const bad = ended.some(({ state }) => state !== 'completed')
  if (bad || made.length < requests.length) throw new ExitError(exitCodes.failed)
}
