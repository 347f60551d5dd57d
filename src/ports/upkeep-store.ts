import type { JobState, Waiting } from '../core/job.js'
import type { WebhookState } from '../core/webhook.js'

export interface StoreStats {
  /** When this was counted, by the clock that gave all instants of the store. */
  readonly at: number
  readonly jobs: Readonly<Record<JobState, number>>
  /** Unsettled jobs' bytes that OSS does not hold yet. */
  readonly bytesPending: number
  /** Of those, the bytes of jobs that are to go now: neither paused nor cancelling, nor before their time. */
  readonly bytesDue: number
  /** Jobs that wait for an instant, by reason. */
  readonly waiting: Readonly<Record<Waiting, number>>
  /**
   * Since when a job that a claim could take has been ready: the earliest among the first in line of each priority.
   * Counts from `createdAt` or its `notBefore`; null when none is ready.
   */
  readonly oldestReadyAt: number | null
  /** Messages of the outbox by state. */
  readonly webhooks: Readonly<Record<WebhookState, number>>
  /** Since when the oldest pending message is tried. */
  readonly oldestWebhookAt: number | null
  /** On disk; null where the store is no file of ours. */
  readonly size: { readonly databaseBytes: number; readonly walBytes: number } | null
}

export interface StoreUpkeep {
  /** Costs the same however much is stored. */
  stats(): Promise<StoreStats>
  /**
   * Forgets jobs that finished longer ago than `olderThanMs`, the oldest first, with their parts and idempotency keys and
   * without an event, and events older than that, whatever job they belong to; batches that finished so long ago once none
   * of their jobs is left. At most `limit` rows of each, so that nobody waits long; a job goes whole. How many jobs and events there were,
   * and rows of batches; three times 0 when nothing is left to do.
   */
  prune(request: {
    readonly olderThanMs: number
    readonly limit: number
  }): Promise<{ readonly jobs: number; readonly events: number; readonly batches: number }>
  /** Resolves while the store answers and its medium takes writes; else throws the AppError a writer would see. */
  check(): Promise<void>
  /** Finishes what was begun, then closes. Idempotent. */
  close(): Promise<void>
}
