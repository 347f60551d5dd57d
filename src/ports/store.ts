import type { StoredEvent } from '../core/event.js'
import type { JobError } from '../core/failure.js'
import type {
  Desired,
  Fingerprint,
  IntentKind,
  Job,
  JobChanges,
  JobState,
  JobTarget,
  NewJob,
  Outcome,
  Receipt,
  RemovalNote,
  SourceRemoval,
  Steering,
  Upload,
  Waiting,
} from '../core/job.js'
import type { PlannedPart, StoredPart, UploadedPart } from '../core/part.js'
import type { WebhookState } from '../core/webhook.js'
import type { BatchStore } from './batch-store.js'
import type { IdempotencyKey } from './idempotency-key.js'
import type { JobFilter } from './job-filter.js'
import type { Page, PageRequest } from './page.js'
import type { SettingsStore } from './settings-store.js'
import type { SweepStore } from './sweep-store.js'
import type { UploadRef } from './target.js'
import type { WebhookStore } from './webhooks.js'

export type { IdempotencyKey } from './idempotency-key.js'
export type { JobFilter } from './job-filter.js'
export type { Page, PageRequest } from './page.js'

/** The right of one node to work on a job. `epoch` grows with each claim and fences writes; opaque to the engine. */
export interface Lease {
  readonly jobId: string
  readonly epoch: number
}

/** A write of a lease that another claim has overtaken changes nothing and answers `fenced`: drop the work. */
export type Fenced = 'fenced'

export type SubmitResult =
  | { readonly kind: 'created'; readonly job: Job }
  /** The idempotency key is known with the same body: nothing was made. */
  | { readonly kind: 'replayed'; readonly job: Job }
  /** The idempotency key is known with another body. */
  | { readonly kind: 'mismatch' }
  /** An unsettled job writes the same bucket and key. */
  | { readonly kind: 'target_busy'; readonly jobId: string }
  /** As many jobs as there may be are queued. */
  | { readonly kind: 'queue_full' }

export interface Claim {
  readonly lease: Lease
  readonly job: Job
}

/** How a run ends without settling the job. The lease ends with it. A job that is `cancelling` stays so, whatever is asked. */
export type Release =
  /** `running | completing -> queued`; with `waiting` and `dueAt` it is not claimed before then. */
  | { readonly to: 'queued'; readonly waiting: Waiting | null; readonly dueAt: number | null }
  /** `running -> paused`, granted only while the user still wants a pause; else the job goes back to `queued`. */
  | { readonly to: 'paused' }
  /** Stays `cancelling`, to be claimed again at `dueAt`. `refusal`: OSS refused to remove the upload; such tries are counted. */
  | {
      readonly to: 'cancelling'
      readonly waiting: Waiting | null
      readonly dueAt: number | null
      readonly refusal?: JobError
    }

/**
 * How a job settles. Everything but `cancelled` is refused ('unwanted') once the job is `cancelling`, except `completed`; so is
 * the error `deadline` when the deadline was moved meanwhile and has not come.
 */
export type Finish =
  | {
      readonly to: 'completed'
      readonly outcome: Outcome
      readonly receipt: Receipt | null
      readonly removal?: RemovalNote | null
    }
  | { readonly to: 'failed'; readonly error: JobError; readonly receipt: Receipt | null }
  /** With `refusal` its upload is still in OSS, and is kept as abandoned. */
  | { readonly to: 'cancelled'; readonly refusal?: JobError }

/** What the engine must know of a job that it runs, brought back by every heartbeat. */
export interface HeartbeatAnswer {
  readonly jobId: string
  /** False: the lease was lost, stop at once. */
  readonly held: boolean
  readonly desired: Desired
  /** Null when there is no such job any more. */
  readonly steering: Steering | null
}

export type ControlRequest =
  | { readonly verb: 'pause' }
  | { readonly verb: 'resume' }
  | { readonly verb: 'cancel' }
  /**
   * `fingerprint` is of the source as it is now. When it differs from the stored one the job is planned anew and an
   * upload that exists gets the intent `abort`.
   */
  | { readonly verb: 'retry'; readonly fingerprint: Fingerprint }

export type ControlResult =
  /** Done, or nothing to do because the job is there or on its way already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'invalid_state'; readonly state: JobState }
  | { readonly kind: 'target_busy'; readonly jobId: string }

export type ChangeResult =
  /** Done, or nothing to do because the job is so already. */
  | { readonly kind: 'ok'; readonly job: Job }
  | { readonly kind: 'not_found' }
  /** The job is at another version than any that was expected. */
  | { readonly kind: 'precondition_failed'; readonly version: number }
  | { readonly kind: 'invalid_state'; readonly state: JobState }

/** How many jobs a claim may take towards one endpoint and bucket. */
export interface PairQuota {
  readonly endpoint: string
  readonly bucket: string
  readonly limit: number
  /** Ids of jobs that are taken only when no other of the pair is ready, and then in this order. */
  readonly last?: readonly string[]
  /** Takes from the other end of the pair's queue. */
  readonly reversed?: boolean
}

/** How many jobs settled in which way, and how many have not. */
export interface JobCounts {
  readonly pending: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
}

export interface TallyPage extends JobCounts {
  /** The youngest of the pending ones: likely the last to settle. Null when there is none, or finding it would cost a walk. */
  readonly newestPending: string | null
  /** Where to go on; null at the end. */
  readonly nextCursor: string | null
}

/**
 * The queue and its jobs. Each method is one atomic transition that also appends its events; nothing resolves before it
 * is durable. No connection, transaction or row type leaves an adapter. Adapters throw AppError `storage_full` when the
 * disk is full (nothing was written) and `storage_unavailable` for other failures of the medium.
 */
export interface JobStore {
  /**
   * Appends `job.queued` (or `job.waiting` when `dueAt` lies in the future). `by` here and below: the name of the token
   * whose request it was, for the event. `mostQueued`: how many jobs may be queued, this one included; null: any number.
   */
  submit(
    job: NewJob,
    idempotency: IdempotencyKey | null,
    by?: string | null,
    mostQueued?: number | null,
  ): Promise<SubmitResult>
  /** Looked up before the source is opened, so that a replay works when the source is gone. */
  findByIdempotencyKey(key: string): Promise<{ readonly fingerprint: string; readonly job: Job } | null>
  /**
   * Takes up to `limit` unleased jobs: `cancelling` ones first (they stay `cancelling`), then ready `queued` ones by
   * priority, then age (`-> running`, `startedAt` set once, `waiting` cleared, a put that needs no look first planned). Of one endpoint and bucket at most
   * `pairLimit`, or what its quota says. Whatever the quotas, `queued` jobs whose `notAfter` has passed and `cancelling`
   * ones of which OSS can hold nothing (no upload there, no put that was begun) are taken, and come first: they settle without a request. Jobs whose lease expired are
   * released first, as crashed. `nextDueAt` is when the earliest waiting job becomes ready (null: none waits).
   */
  claim(request: {
    readonly node: string
    readonly limit: number
    readonly leaseMs: number
    readonly pairLimit?: number
    readonly quotas?: readonly PairQuota[]
  }): Promise<{ readonly claims: readonly Claim[]; readonly nextDueAt: number | null }>
  /** Renews leases for `leaseMs` from now. */
  heartbeat(leases: readonly Lease[], leaseMs: number): Promise<readonly HeartbeatAnswer[]>
  release(lease: Lease, release: Release): Promise<Job | Fenced>
  /**
   * For a job without an upload in OSS, before it begins one: what older failed jobs have there of the same object. The
   * youngest that this job would begin just so becomes its own, with the parts (`job.updated`); all others are given up.
   * `left`: abandoned uploads of the object, some of the youngest; they are to be removed.
   */
  takeLeftovers(lease: Lease): Promise<{ readonly job: Job; readonly left: readonly AbandonedUpload[] } | Fenced>
  /** Commits the plan of an upload before anything is sent: the upload without an id, its parts as `pending`; with mode `multipart` also the intent `initiate`. */
  beginUpload(lease: Lease, upload: Upload, parts: readonly PlannedPart[]): Promise<Job | Fenced>
  /** Commits that an Initiate of this job may have taken effect without an answer: what it left can only ever be suspected. */
  noteUnansweredInitiate(lease: Lease): Promise<'ok' | Fenced>
  /** Commits Initiate's answer and clears the intent. */
  setUploadId(lease: Lease, uploadId: string): Promise<Job | Fenced>
  /**
   * Commits that an intent is about to be carried out (`abort`, `initiate` of a plan that is there), or null that it was
   * reconciled: an Initiate made nothing, and is suspected no more unless another one of it went unanswered.
   */
  setIntent(lease: Lease, intent: IntentKind | null): Promise<Job | Fenced>
  /** `pending -> uploaded`, adds to `bytesUploaded` and `partsUploaded`, appends `part.uploaded` each. A part that is uploaded already keeps its row, but takes the ETag and CRC-64 when OSS has another ETag for it. */
  commitParts(lease: Lease, parts: readonly UploadedPart[]): Promise<'ok' | Fenced>
  /** Adds charged tries to `attempts`. */
  chargeAttempts(lease: Lease, count: number): Promise<'ok' | Fenced>
  /** Forgets the upload (lost in OSS, aborted, or the source changed): no upload, no parts, no intent, `restarts + 1`; with a fingerprint the job goes on with that one. `isLeft`: OSS refuses to remove it, so it is kept as abandoned. */
  forgetUpload(lease: Lease, fingerprint: Fingerprint | null, isLeft?: boolean): Promise<Job | Fenced>
  /** `running -> completing` with the intent `complete`, only while the user wants `run`; else `unwanted`. */
  beginCompleting(lease: Lease): Promise<Job | 'unwanted' | Fenced>
  /** Commits that the source is about to be deleted, for the object is proven. Unwanted of a job that is `cancelling`. */
  beginRemoval(lease: Lease, removal: SourceRemoval & { readonly state: 'pending' }): Promise<Job | 'unwanted' | Fenced>
  /** With an object made, older failed jobs give up what they have in OSS of it. */
  finish(lease: Lease, finish: Finish): Promise<Job | 'unwanted' | Fenced>

  /** pause, resume, cancel, retry as the contract's "Verbs" says; idempotent. */
  control(jobId: string, request: ControlRequest, by?: string | null): Promise<ControlResult>
  /**
   * Changes what a user may change, at any time but only while the job is at one of these versions (null: whichever).
   * Grows the version and appends `job.updated` when anything is different.
   */
  change(
    jobId: string,
    changes: JobChanges,
    ifVersions: readonly number[] | null,
    by?: string | null,
  ): Promise<ChangeResult>
  /** Removes a settled job with its parts and idempotency key; appends `job.deleted`. A failed job's upload is abandoned. */
  remove(jobId: string, by?: string | null): Promise<'ok' | 'not_found' | 'invalid_state'>

  get(jobId: string): Promise<Job | null>
  /** Newest first. */
  list(filter: JobFilter, page: PageRequest): Promise<Page<Job>>
  /** Counts what matches, oldest first, a bounded stretch a call. */
  tally(filter: JobFilter, cursor: string | null): Promise<TallyPage>
  /** By part number. Every part of the plan has a row. */
  parts(jobId: string, page: PageRequest): Promise<Page<StoredPart>>
}

export interface EventFilter {
  readonly jobId?: string
  readonly batchId?: string
}

export interface EventStore {
  /** The id after which only future events come. */
  lastEventId(): Promise<string>
  /**
   * Events after `after` (null: from the oldest kept), oldest first. `reset` is true when `after` is not an id of this
   * store or events behind it are no longer kept; then `items` is empty. `lastId` is the place to go on from.
   */
  eventsAfter(
    after: string | null,
    filter: EventFilter,
    limit: number,
  ): Promise<{ readonly items: readonly StoredEvent[]; readonly reset: boolean; readonly lastId: string }>
}

/** While an Initiate was on its way for a key, or may have been. */
export interface InitiateWindow {
  readonly jobId: string
  readonly beganAt: number
  /** Null while the job may still send one. */
  readonly endedAt: number | null
}

/** Whose an open multipart upload is. */
export type UploadTrace =
  | { readonly kind: 'job'; readonly jobId: string; readonly state: JobState }
  /** A job gave it up, and it is to be removed from OSS. */
  | { readonly kind: 'abandoned'; readonly jobId: string }
  /** No job knows its id. `initiates`: of its key, those that were not surely answered, oldest first. */
  | { readonly kind: 'unknown'; readonly initiates: readonly InitiateWindow[] }

/** An upload that its job gave up; it stands here until OSS was seen to have forgotten it. */
export interface AbandonedUpload {
  readonly jobId: string
  readonly target: JobTarget
  readonly uploadId: string
}

/** Which failed jobs give their upload up: one, while that is its upload, or those that failed long ago. */
export type AbandonRequest =
  | { readonly jobId: string; readonly uploadId: string }
  | { readonly settledBefore: number; readonly limit: number }

/** What is left of uploads in OSS. A retry that came first keeps its upload: only a failed job gives it up. */
export interface OrphanStore {
  /** Every bucket that a job of this store was made for, by name. */
  buckets(): Promise<readonly string[]>
  /** One trace for each upload, in their order. Endpoints are not compared: upload ids are unique. */
  traceUploads(uploads: readonly UploadRef[]): Promise<readonly UploadTrace[]>
  /** Takes the upload id from failed jobs (`job.updated` each, parts stay) and keeps it as abandoned. How many did. */
  abandonUploads(request: AbandonRequest): Promise<number>
  /** In the order they were abandoned. */
  abandonedUploads(page: PageRequest): Promise<Page<AbandonedUpload>>
  /** OSS has forgotten it. A cancelled job that had to leave it leaves nothing any more (`job.updated`). */
  forgetAbandoned(uploadId: string): Promise<void>
  /** Forgets unanswered Initiates that were over before `before`, at most `limit`. How many there were. */
  forgetInitiates(before: number, limit: number): Promise<number>
}

export interface StoreStats {
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
   * Forgets jobs that finished before `before`, the oldest first, with their parts and idempotency keys and without an
   * event, and events older than that, whatever job they belong to; batches that finished before once none of their jobs is
   * left. At most `limit` rows of each, so that nobody waits long; a job goes whole. How many jobs and events there were,
   * and rows of batches; three times 0 when nothing is left to do.
   */
  prune(request: {
    readonly before: number
    readonly limit: number
  }): Promise<{ readonly jobs: number; readonly events: number; readonly batches: number }>
  /** Resolves while the store answers and its medium takes writes; else throws the AppError a writer would see. */
  check(): Promise<void>
  /** Finishes what was begun, then closes. Idempotent. */
  close(): Promise<void>
}

export type Store = JobStore &
  EventStore &
  OrphanStore &
  BatchStore &
  WebhookStore &
  SettingsStore &
  SweepStore &
  StoreUpkeep
