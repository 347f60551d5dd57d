import { setTimeout as sleep } from 'node:timers/promises'
import type { BatchView } from '../core/batch-view.js'
import { batchLine } from './batch-text.js'
import { type CommandContext, graceMs } from './command-context.js'
import { DaemonUnreachable } from './http-client.js'

const batchEveryMs = 1_000

/**
 * Follows a batch until it is settled: a line whenever its totals moved. Its jobs may be too many for a line each. A daemon
 * that stays away for less than the grace time is waited for.
 */
export const watchBatch = async (context: CommandContext, batchId: string, json: boolean): Promise<BatchView> => {
  const { api, console, signal } = context
  let last = ''
  let awaySince: number | null = null
  for (;;) {
    try {
      const batch = await api.getBatch(batchId, signal)
      awaySince = null
      const line = batchLine(batch)
      if (line !== last && json) console.json(batch)
      else if (line !== last) console.line(line)
      last = line
      if (batch.finishedAt !== null) return batch
    } catch (error) {
      if (!(error instanceof DaemonUnreachable) || last === '') throw error
      if (awaySince === null) console.note(`the daemon is not answering (${error.message}); trying again`)
      awaySince ??= performance.now()
      if (performance.now() - awaySince > graceMs) throw error
    }
    await sleep(batchEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}
