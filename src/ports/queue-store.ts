import type { JobError } from '../core/failure.js'
import type { Desired, Job, NewJob, Receipt, Tuning, Waiting } from '../core/job.js'
import type { IdempotencyKey } from './idempotency-key.js'
import type { Fenced, Lease } from './lease.js'

export type SubmitResult =
  | { readonly kind: 'created'; readonly job: Job }
  /** The idempotency key is known with the same body, so nothing was made. */
  | { readonly kind: 'replayed'; readonly job: Job }
  /** The idempotency key is known with another body. */
  | { readonly kind: 'mismatch' }
  /** An unsettled job writes the same bucket and key. */
  | { readonly kind: 'target_busy'; readonly jobId: string }
  /** As many jobs are queued as there may be. */
  | { readonly kind: 'queue_full' }

export interface Claim {
  readonly lease: Lease
  readonly job: Job
}

/**
 * How a run ends without settling the job. The lease ends with it. A job that is `cancelling` stays so, whatever is
 * asked.
 */
export type Release =
  /**
   * `running | completing -> queued`. With `waiting` and `delayMs` the job is not claimed before that time has passed.
   */
  | { readonly to: 'queued'; readonly waiting: Waiting | null; readonly delayMs: number | null }
  /** `running -> paused` is granted only while the user still wants a pause; else the job goes back to `queued`. */
  | { readonly to: 'paused' }
  /**
   * The job stays `cancelling` and is claimed again after `delayMs`. `refusal` says that OSS refused to remove the
   * upload; such tries are counted.
   */
  | {
      readonly to: 'cancelling'
      readonly waiting: Waiting | null
      readonly delayMs: number | null
      readonly refusal?: JobError
    }

/** What the engine must know of a job that it runs. Every heartbeat brings it. */
export interface HeartbeatAnswer extends Lease {
  /** False when the lease was lost, so that the run has to stop at once. */
  readonly held: boolean
  readonly desired: Desired
  /** Null when there is no such job any more. */
  readonly tuning: Tuning | null
}

/** The number of jobs that a claim may take towards one endpoint and bucket. */
export interface PairQuota {
  readonly endpoint: string
  readonly bucket: string
  readonly limit: number
  /** The ids of jobs that are taken only when no other of the pair is ready, and then in this order. */
  readonly last?: readonly string[]
  /** The claim takes from the other end of the pair's queue. */
  readonly reversed?: boolean
  /** Plain puts of the pair are claimed as all other jobs are. */
  readonly putsAreRuns?: boolean
}

/** The number of plain puts (`core/plain-put.ts`) that a claim may take beside other jobs. */
export interface PutQuota {
  readonly limit: number
  /** Of one endpoint and bucket it takes at most so many, or what `quotas` says. */
  readonly pairLimit: number
  readonly quotas: readonly { readonly endpoint: string; readonly bucket: string; readonly limit: number }[]
}

/** A plain put is done: its object is proven. */
export interface PutResult {
  readonly lease: Lease
  readonly receipt: Receipt
}

/** Submitting jobs, claiming them, and the leases of those who work on them. The promises are those of JobStore. */
export interface QueueStore {
  /**
   * Appends `job.queued` (or `job.waiting` when `dueAt` lies in the future). `by`, here and below, is the name of the
   * token whose request it was, for the event. `mostQueued` says how many jobs may be queued, with this one; null means
   * any number.
   */
  submit(
    job: NewJob,
    idempotency: IdempotencyKey | null,
    by?: string | null,
    mostQueued?: number | null,
  ): Promise<SubmitResult>
  /** Looks a key up. This happens before the source is opened, so that a replay works when the source is gone. */
  findByIdempotencyKey(key: string): Promise<{ readonly fingerprint: string; readonly job: Job } | null>
  /**
   * Takes up to `limit` unleased jobs whose source the node sees, and those that settle without a look at it: `cancelling` ones first (they stay `cancelling`), then ready `queued` ones by
   * priority, then age (`-> running`, `startedAt` set once, `waiting` cleared, and a put that needs no look is
   * planned). Of one endpoint and bucket it takes at most `pairLimit`, or what its quota says. Whatever the quotas are,
   * it also takes `queued` jobs whose `notAfter` has passed, and `cancelling` ones of which OSS can hold nothing (no
   * upload there, no put that was begun). They come first, because they settle without a request. With `puts` it takes
   * plain puts apart from other jobs: they count against that quota only. Jobs whose lease
   * expired are released before, as crashed. `nextDueInMs` is the time until the earliest waiting job becomes ready
   * (null: none waits).
   */
  claim(request: {
    readonly node: string
    readonly limit: number
    readonly leaseMs: number
    readonly pairLimit?: number
    readonly quotas?: readonly PairQuota[]
    readonly puts?: PutQuota
    /** The claim leaves the jobs that every node sees to the others. */
    readonly ownOnly?: boolean
  }): Promise<{ readonly claims: readonly Claim[]; readonly nextDueInMs: number | null }>
  /** Renews leases for `leaseMs` from now. */
  heartbeat(leases: readonly Lease[], leaseMs: number): Promise<readonly HeartbeatAnswer[]>
  release(lease: Lease, release: Release): Promise<Job | Fenced>
  /**
   * Completes plain puts as `finish` does with the outcome `uploaded`. Answers for each in their order; `unwanted` never
   * comes, because a proven object is not undone.
   */
  finishPuts(results: readonly PutResult[]): Promise<readonly ('done' | Fenced)[]>
}
