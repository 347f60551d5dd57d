import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchView } from '../../core/batch-view.js'
import { isPassing } from '../client/event-stream.js'
import { ProblemError } from '../client/http-client.js'
import { type CommandContext, graceMs } from '../command-context.js'
import { batchLine } from '../text/batch-text.js'

const firstPauseMs = 250
const longestPauseMs = 1_000

export interface FollowBatchesOptions {
  readonly ids: readonly string[]
  /** True means that the daemon answered a moment ago. A daemon that never answered is not waited for. */
  readonly answered: boolean
  see(batch: BatchView): void
  note(text: string): void
}

/**
 * Asks for batches again and again until every one is settled, and returns them as they ended. A daemon that is away
 * for less than the grace time is waited for.
 */
export const followBatches = async (
  { api, signal }: Pick<CommandContext, 'api' | 'signal'>,
  options: FollowBatchesOptions,
): Promise<readonly BatchView[]> => {
  const open = new Set(options.ids)
  const ended: BatchView[] = []
  let { answered } = options
  let awaySince: number | null = null
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      for (const id of open) {
        const batch = await api.getBatch(id, signal)
        if (awaySince !== null) options.note('the daemon is back; going on')
        awaySince = null
        answered = true
        options.see(batch)
        if (batch.finishedAt === null) continue
        open.delete(id)
        ended.push(batch)
      }
      if (open.size === 0) return ended
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 429) {
        pauseMs = Math.max(pauseMs, error.problem.retryAfterMs ?? 0)
      } else {
        if (!isPassing(error) || !answered) throw error
        if (awaySince === null) options.note(`the daemon is not answering (${error.message}); trying again`)
        awaySince ??= performance.now()
        if (performance.now() - awaySince > graceMs) throw error
      }
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

/**
 * Follows batches, with a line or JSON whenever the totals of one moved. There may be too many jobs for a line each.
 */
export const watchBatches = (
  context: CommandContext,
  { ids, answered, json }: Pick<FollowBatchesOptions, 'ids' | 'answered'> & { readonly json: boolean },
): Promise<readonly BatchView[]> => {
  const { console } = context
  const last = new Map<string, string>()
  const see = (batch: BatchView): void => {
    const line = batchLine(batch)
    if (last.get(batch.id) === line) return
    last.set(batch.id, line)
    if (json) console.json(batch)
    else console.line(line)
  }
  return followBatches(context, { ids, answered, see, note: console.note })
}
