import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ReaderAnswer, ReaderOrder, ReaderReport, ReaderTask } from './reader-protocol.js'

/** These are readers of a daemon's events, in a process of their own. They answer one question at a time. */
export interface Readers {
  readonly pid: number
  /** Resolves once every watched reader has seen that job completed, with what came since the last report. */
  report(jobId: string): Promise<ReaderReport>
  close(): Promise<void>
}

const longestWaitMs = 120_000

/** Resolves when all readers have been answered. */
export const startReaders = async (task: ReaderTask): Promise<Readers> => {
  const child = fork(fileURLToPath(new URL('./readers-process.js', import.meta.url)), { execArgv: [] })
  const exited = once(child, 'exit')
  const ask = async (order: ReaderOrder): Promise<ReaderAnswer> => {
    child.send(order)
    const [answer] = (await once(child, 'message', { signal: AbortSignal.timeout(longestWaitMs) })) as [ReaderAnswer]
    if (answer.kind === 'failed') throw new Error(answer.reason)
    return answer
  }
  const close = async (): Promise<void> => {
    child.disconnect()
    await exited
  }
  try {
    await ask({ kind: 'task', task })
  } catch (error) {
    await close()
    throw error
  }
  return {
    pid: child.pid ?? 0,
    async report(jobId) {
      const answer = await ask({ kind: 'report', jobId })
      if (answer.kind !== 'report') throw new Error(`the readers answered ${answer.kind}`)
      return answer.report
    },
    close,
  }
}
