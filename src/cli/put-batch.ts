import { setTimeout as sleep } from 'node:timers/promises'
import type { PlannedFile } from '../core/batch.js'
import type { BatchView } from '../core/batch-view.js'
import { type BatchRequest, listJobs } from './api.js'
import { batchLine, batchProblemLine } from './batch-text.js'
import type { CommandContext } from './command-context.js'
import { ExitError, exitCodes } from './exit-error.js'
import { Interrupted } from './interrupt.js'
import { settledLine } from './job-text.js'
import { formatBytes } from './readable.js'
import { escapeText } from './terminal-text.js'
import { watchBatch } from './watch-batch.js'

/** Failed jobs that are shown; the others are counted. */
const shownFailures = 20
const plannedPage = 1000

const plannedLine = ({ path, key, size }: PlannedFile, bucket: string): string =>
  `${escapeText(path)} -> ${escapeText(`oss://${bucket}/${key}`)}  ${formatBytes(size)}`

/** What a dry run would have sent, page by page. */
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
  if (json) return
  const { walk, totals } = batch
  console.line(`${walk.seen - walk.problemCount} files, ${formatBytes(totals.bytesTotal)} would be sent`)
}

const printEnd = async ({ api, console, signal }: CommandContext, batch: BatchView): Promise<void> => {
  for await (const job of listJobs(api, { batch: batch.id, states: ['failed'] }, shownFailures, signal)) {
    console.note(settledLine(job))
  }
  for (const problem of batch.walk.problems) console.note(batchProblemLine(problem))
}

/** Waits until a dry run has walked everything. */
const walked = async ({ api, signal }: CommandContext, batch: BatchView): Promise<BatchView> => {
  for (let now = batch; ; now = await api.getBatch(batch.id, signal)) {
    if (now.finishedAt !== null) return now
    await sleep(200, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/**
 * Hands over a directory as one batch: the daemon walks it, and goes on whatever becomes of this command. Throws ExitError
 * `failed` when it was waited for and something of it failed or was left out.
 */
export const putBatch = async (
  request: BatchRequest,
  runId: string,
  context: CommandContext,
  { wait, json }: { readonly wait: boolean; readonly json: boolean },
): Promise<void> => {
  const { api, console, signal } = context
  const made = await api.submitBatch(request, runId, signal)
  if (request.dryRun === true) {
    const batch = await walked(context, made)
    await printPlanned(context, batch, json)
    for (const problem of batch.walk.problems) console.note(batchProblemLine(problem))
    if (batch.walk.problemCount > 0) throw new ExitError(exitCodes.failed, `${batch.walk.problemCount} left out.`)
    return
  }
  if (!wait) {
    if (json) return console.json(made)
    console.line(batchLine(made))
    console.line(`wait for it: longshore watch ${escapeText(made.id)}`)
    return
  }
  try {
    const batch = await watchBatch(context, made.id, json)
    if (!json) await printEnd(context, batch)
    if (batch.state !== 'completed') throw new ExitError(exitCodes.failed)
  } catch (error) {
    if (error instanceof Interrupted) {
      console.note(`interrupted; the daemon goes on: longshore watch ${escapeText(made.id)}`)
    }
    throw error
  }
}
