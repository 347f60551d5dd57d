import type { BatchView } from '../../core/batch-view.js'
import type { StoredEvent } from '../../core/event.js'
import type { ProgressView } from '../../core/job-view.js'
import { listJobs } from '../client/api.js'
import { followEvents } from '../client/event-stream.js'
import type { SseMessage } from '../client/sse-parser.js'
import { type CommandContext, graceMs } from '../command-context.js'
import { joinSignals } from '../join-signals.js'
import { type BatchBoard, createBatchBoard } from './batch-board.js'
import { followBatches } from './follow-batches.js'
import { createProgressBars } from './progress-bars.js'

/** At most so many jobs are drawn. */
const mostJobs = 100

const takeMessage = (board: BatchBoard, { event, data }: SseMessage): void => {
  if (event === 'job.progress') {
    const { jobId, progress } = JSON.parse(data) as { jobId: string; progress: ProgressView }
    board.seeProgress(jobId, progress)
  } else if (event.startsWith('job.')) {
    const { job } = JSON.parse(data) as StoredEvent
    if (job !== undefined) board.seeJob(job)
  }
}

/**
 * Tells the board which jobs are being worked on and how far they are, until the signal aborts or the daemon stays
 * away.
 */
const followWork = async (
  { api }: CommandContext,
  batchId: string | null,
  board: BatchBoard,
  signal: AbortSignal,
): Promise<void> => {
  const look = async (): Promise<void> => {
    const query = { states: ['running', 'completing'] as const, ...(batchId === null ? {} : { batch: batchId }) }
    for await (const job of listJobs(api, query, mostJobs, signal)) board.seeJob(job)
  }
  const filter = batchId === null ? {} : { batchId }
  for await (const item of followEvents(api, { filter, signal, graceMs })) {
    if (item.kind === 'outage') board.forgetJobs()
    else if (item.kind === 'open') await look()
    else if (item.message.event === 'reset') await look()
    else takeMessage(board, item.message)
  }
}

/** Follows batches on a terminal until every one is settled, and draws bars. */
export const drawBatches = async (
  context: CommandContext,
  made: readonly BatchView[],
): Promise<readonly BatchView[]> => {
  const { console } = context
  const board = createBatchBoard(made)
  const bars = createProgressBars(console.stdout, board, false)
  const stop = new AbortController()
  const signal = joinSignals(context.signal, stop.signal)
  const ids = made.map(({ id }) => id)
  const [only] = ids.length === 1 ? ids : []
  // The drawing is only a help and the totals are the truth, so the end of the events does not end the wait. Ctrl-C
  // ends the events before it ends the wait, because the last frame must still show what they knew.
  const working = followWork(context, only ?? null, board, signal).catch(() => {
    if (!signal.aborted) board.forgetJobs()
  })
  try {
    const ended = await followBatches(context, { ids, answered: true, see: board.see, note: bars.note })
    board.forgetJobs()
    return ended
  } finally {
    bars.stop()
    stop.abort()
    await working
  }
}
