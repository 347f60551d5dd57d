import type SqliteDatabase from 'better-sqlite3'
import { isDueState, type JobState, jobStates, type Waiting, waitingReasons } from '../../../core/job.js'
import { type WebhookState, webhookStates } from '../../../core/webhook.js'
import { bytesOf } from '../files/file-system.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pairsWithReadyJobs } from '../jobs/ready-jobs.js'
import type { Operations } from '../thread/protocol.js'

const abovePriorities = Number.MAX_SAFE_INTEGER

const sizeOf = ({ name }: SqliteDatabase.Database) => ({
  databaseBytes: bytesOf(name),
  walBytes: bytesOf(`${name}-wal`),
})

/** Returns a count for each name, 0 where the table has no row. */
const tabled = <K extends string>(names: readonly K[], rows: readonly (readonly [K, number])[]): Record<K, number> => {
  const counts = new Map(rows)
  return Object.fromEntries(names.map((name) => [name, counts.get(name) ?? 0])) as Record<K, number>
}

const sumOf = (rows: readonly { readonly bytes_pending: number }[]): number =>
  rows.reduce((sum, row) => sum + row.bytes_pending, 0)

/** Creates the operations for clients that watch the daemon. */
export const createStatsOperations = ({ database, statements }: JobWriter) => {
  /**
   * Returns since when the job that has been ready for longest could be claimed. It asks the first job in line of each
   * pair and priority.
   */
  const oldestReadyAt = (): number | null => {
    let oldest: number | null = null
    for (const pair of pairsWithReadyJobs(statements)) {
      for (let below = abovePriorities; ; ) {
        const first = statements.firstOfNextPriority.get({ ...pair, below }) as
          | { readonly priority: number; readonly ready_at: number }
          | undefined
        if (first === undefined) break
        oldest = Math.min(oldest ?? first.ready_at, first.ready_at)
        below = first.priority
      }
    }
    return oldest
  }

  return {
    stats: (at) => {
      const jobs = statements.countsByState.all() as { state: JobState; jobs: number; bytes_pending: number }[]
      const waits = statements.countsByWait.all() as {
        waiting: Waiting
        jobs: number
        bytes_pending: number
      }[]
      const webhooks = statements.countsOfWebhooks.all() as { state: WebhookState; messages: number }[]
      const oldest = statements.oldestPendingWebhook.get() as { began_at: number } | undefined
      return {
        at,
        jobs: tabled(
          jobStates,
          jobs.map((row) => [row.state, row.jobs] as const),
        ),
        bytesPending: sumOf(jobs),
        bytesDue:
          sumOf(jobs.filter(({ state }) => isDueState(state))) -
          sumOf(waits.filter(({ waiting }) => waiting === 'notBefore')),
        waiting: tabled(
          waitingReasons,
          waits.map((row) => [row.waiting, row.jobs] as const),
        ),
        oldestReadyAt: oldestReadyAt(),
        webhooks: tabled(
          webhookStates,
          webhooks.map((row) => [row.state, row.messages] as const),
        ),
        oldestWebhookAt: oldest?.began_at ?? null,
        size: sizeOf(database),
      }
    },
  } satisfies Partial<Operations>
}
