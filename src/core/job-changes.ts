import type { BatchCounts } from './batch.js'
import type { EventType } from './event.js'
import { type IntentKind, isSettled, type Job, sizeOf } from './job.js'
import type { PartsChange, Step } from './job-steps.js'
import { answerJob, type JobAnswer, type JobView, viewJob } from './job-view.js'
import { webhookBody, webhookHost } from './webhook.js'

/** This is an event that shows a job. */
export interface JobEvent {
  readonly type: EventType
  readonly job: JobView
  /**
   * This is the name of the token whose request it was. It is null when no token made the request, or when the daemon
   * acted by itself.
   */
  readonly by: string | null
}

/** This is a message for the outbox. It tells the event with which it is committed. */
export interface WebhookMessage {
  readonly type: EventType
  readonly url: string
  readonly host: string
  readonly body: string
}

/** This is what the event log and the outbox are told. */
export interface Told {
  readonly event: JobEvent
  /** It is null when the job's user does not subscribe to the event. */
  readonly webhook: WebhookMessage | null
}

/**
 * This is everything that a step causes. A store commits all of it in one transaction and decides nothing itself, so
 * that every store keeps the same law.
 */
export interface Change {
  readonly job: Job
  /** This says what becomes of the part rows. It is null when they stay as they are. */
  readonly parts: PartsChange | null
  /** OSS still holds the upload that the job had before the step, and the upload is kept as abandoned. */
  readonly leavesUpload: boolean
  /**
   * `begun` says that Initiate may be on its way from now on, and `over` that it can no longer be sent. `answered` says
   * that no Initiate is suspected any more, unless one went unanswered, and that one is over.
   */
  readonly initiate: 'begun' | 'over' | 'answered' | null
  /** It is null when nothing that a listener can see has changed. */
  readonly told: Told | null
  /**
   * `settled` says that the job's batch may be over, and `reopened` that it is not. It is also null for a job without a
   * batch.
   */
  readonly batch: 'settled' | 'reopened' | null
  /** Older failed jobs of the same object give up what they have in OSS of it. Their changes are committed first. */
  readonly isObjectMade: boolean
}

/** Returns what is told of an event of a job. */
export const toldOf = (job: Job, type: EventType, at: number, by: string | null = null): Told => {
  const view = viewJob(job)
  const event: JobEvent = { type, job: view, by }
  const { webhook } = job.options
  if (webhook === undefined || !webhook.events.includes(type)) return { event, webhook: null }
  const { url } = webhook
  return { event, webhook: { type, url, host: webhookHost(url), body: webhookBody(type, at, view) } }
}

const initiateOf = (before: IntentKind | null, { job, isAnswered }: Step): Change['initiate'] => {
  if (isAnswered === true) return 'answered'
  if ((before === 'initiate') === (job.intent === 'initiate')) return null
  return job.intent === 'initiate' ? 'begun' : 'over'
}

const batchOf = (before: Job['state'], { batchId, state }: Job): Change['batch'] => {
  if (batchId === null || isSettled(before) === isSettled(state)) return null
  return isSettled(state) ? 'settled' : 'reopened'
}

/**
 * Returns what a step causes for the job as it was before. `before` is null when the step makes the job. `at` is now.
 */
export const changeOf = (before: Pick<Job, 'state' | 'intent'> | null, step: Step, at: number): Change => {
  const { job } = step
  return {
    job,
    parts: step.parts ?? null,
    leavesUpload: step.leavesUpload === true,
    initiate: before === null ? null : initiateOf(before.intent, step),
    told: step.event === null ? null : toldOf(job, step.event, at, step.by),
    batch: before === null ? null : batchOf(before.state, job),
    isObjectMade: step.isObjectMade === true,
  }
}

/** This is what the removal of a settled job causes, beside its rows and its idempotency key, which go with it. */
export interface Removal {
  /** A batch that stays behind can still tell this of the job. It is null for a job without a batch. */
  readonly note: JobAnswer | null
  /** The job failed and its upload is still in OSS, so that the upload is kept as abandoned. */
  readonly leavesUpload: boolean
  /**
   * If the answer of the job's last Initiate never came, the request can no longer have been on its way after this
   * instant.
   */
  readonly initiateEndedAt: number | null
}

export const removalOf = (job: Job): Removal => ({
  note: job.batchId === null ? null : answerJob(job),
  leavesUpload: job.state === 'failed' && job.upload?.uploadId != null,
  initiateEndedAt: job.finishedAt,
})

/** This is what counters look at of a job. */
export interface Counted extends Pick<Job, 'state' | 'waiting' | 'outcome' | 'bytesUploaded'> {
  readonly size: number
}

export const countedOf = (job: Job): Counted => ({
  state: job.state,
  waiting: job.waiting,
  outcome: job.outcome,
  bytesUploaded: job.bytesUploaded,
  size: sizeOf(job),
})

/** Returns the bytes that are still to be sent. A settled job has none, however it ended. */
export const pendingBytesOf = ({ state, size, bytesUploaded }: Counted): number =>
  isSettled(state) ? 0 : size - bytesUploaded

/** Returns the counts of a batch after a step of one of its jobs. `before` is null when the step makes the job. */
export const countsAfter = (counts: BatchCounts, before: Counted | null, after: Counted): BatchCounts => {
  const next = { ...counts }
  if (before !== null) next[before.state]--
  next[after.state]++
  next.skipped += Number(after.outcome === 'skipped') - Number(before?.outcome === 'skipped')
  next.bytesTotal += after.size - (before?.size ?? 0)
  next.bytesUploaded += after.bytesUploaded - (before?.bytesUploaded ?? 0)
  return next
}
