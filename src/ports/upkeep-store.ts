import type { JobState, Waiting } from '../core/job.js'
import type { WebhookState } from '../core/webhook.js'

export interface StoreStats {
  /** The time when this was counted, by the clock that gave all instants of the store. */
  readonly at: number
  readonly jobs: Readonly<Record<JobState, number>>
  /** The bytes of unsettled jobs that OSS does not hold yet. */
  readonly bytesPending: number
  /** Of these, the bytes of jobs that are to go now: they are neither paused nor cancelling, nor before their time. */
  readonly bytesDue: number
  /** The number of jobs that wait for an instant, by reason. */
  readonly waiting: Readonly<Record<Waiting, number>>
  /**
   * The time since when a job that a claim could take has been ready: the earliest among the first in line of each
   * priority. It counts from `createdAt` or from `notBefore`; null when none is ready.
   */
  readonly oldestReadyAt: number | null
  /** The number of messages of the outbox, by state. */
  readonly webhooks: Readonly<Record<WebhookState, number>>
  /** The time since when the oldest pending message is tried. */
  readonly oldestWebhookAt: number | null
  /** The sizes on disk; null where the store is no file of ours. */
  readonly size: { readonly databaseBytes: number; readonly walBytes: number } | null
}

export interface StoreUpkeep {
  /** Counts what the store holds. It costs the same however much that is. */
  stats(): Promise<StoreStats>
  /**
   * Forgets jobs that finished longer ago than `olderThanMs`, the oldest first, with their parts and idempotency keys
   * and without an event. It also forgets events older than that, whatever job they belong to, and batches that
   * finished so long ago once none of their jobs is left. It takes at most `limit` rows of each, so that nobody waits
   * long; a job goes whole. Returns the numbers of jobs, of events and of rows of batches; all three are 0 when nothing
   * is left to do.
   */
  prune(request: {
    readonly olderThanMs: number
    readonly limit: number
  }): Promise<{ readonly jobs: number; readonly events: number; readonly batches: number }>
  /**
   * Resolves while the store answers and its medium takes writes. Else it throws the AppError that a writer would see.
   */
  check(): Promise<void>
  /** Finishes what was begun, then closes. It is idempotent. */
  close(): Promise<void>
}
