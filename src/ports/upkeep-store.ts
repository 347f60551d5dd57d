import type { JobState, Waiting } from '../core/job.js'
import type { WebhookState } from '../core/webhook.js'

export interface StoreStats {
  /** This was counted at this instant, by the clock that gave all instants of the store. */
  readonly at: number
  readonly jobs: Readonly<Record<JobState, number>>
  /** These are the bytes of unsettled jobs that OSS does not hold yet. */
  readonly bytesPending: number
  /**
   * These are the bytes among them that are to go now. Their jobs are neither paused nor cancelling, nor before their
   * time.
   */
  readonly bytesDue: number
  /** This is the number of jobs that wait for an instant, by reason. */
  readonly waiting: Readonly<Record<Waiting, number>>
  /**
   * A job that a claim could take has been ready since this instant. It is the earliest among the first in line of each
   * priority, and counts from `createdAt` or from `notBefore`. It is null when no job is ready.
   */
  readonly oldestReadyAt: number | null
  /** This is the number of messages of the outbox, by state. */
  readonly webhooks: Readonly<Record<WebhookState, number>>
  /** The oldest pending message is tried since this instant. */
  readonly oldestWebhookAt: number | null
  /** These are the sizes on disk. It is null where the store is no file of ours. */
  readonly size: { readonly databaseBytes: number; readonly walBytes: number } | null
}

export interface StoreUpkeep {
  /** Counts what the store holds. It costs the same however much that is. */
  stats(): Promise<StoreStats>
  /**
   * Forgets jobs that finished longer ago than `olderThanMs`, the oldest first, with their parts and idempotency keys
   * and without an event. It also forgets events older than that, whatever job they belong to, and batches that
   * finished so long ago once none of their jobs is left. It takes at most `limit` rows of each, so that no other
   * caller waits long. A job goes whole. Returns the numbers of jobs, of events and of rows of batches. All three are 0
   * when nothing is left to do.
   */
  prune(request: {
    readonly olderThanMs: number
    readonly limit: number
  }): Promise<{ readonly jobs: number; readonly events: number; readonly batches: number }>
  /**
   * Resolves while the store answers and its medium takes writes. Otherwise it throws the AppError that a writer would
   * see.
   */
  check(): Promise<void>
  /** Finishes what was begun, then closes. It is idempotent. */
  close(): Promise<void>
}
