import type { JobError } from './failure.js'
import { type Job, leftByCancel, type Outcome, type Receipt, type RemovalNote, sizeOf } from './job.js'
import { type PartsChange, ready, refusedOnceMore, type Step } from './job-steps.js'
import { bytesOfCompleted } from './progress.js'

/**
 * This says how a job settles. Once the job is `cancelling`, everything except `cancelled` and `completed` is refused
 * ('unwanted'). The error `deadline` is also refused when the deadline was moved meanwhile and has not come.
 */
export type Finish =
  | {
      readonly to: 'completed'
      readonly outcome: Outcome
      readonly receipt: Receipt | null
      readonly removal?: RemovalNote | null
    }
  | { readonly to: 'failed'; readonly error: JobError; readonly receipt: Receipt | null }
  /** With `refusal` the job's upload is still in OSS, and is kept as abandoned. */
  | { readonly to: 'cancelled'; readonly refusal?: JobError }

const settled = { waiting: null, dueAt: null, intent: null } as const

const provenPart = ({ upload }: Job, receipt: Receipt | null): PartsChange | null => {
  if (upload?.mode !== 'put' || receipt === null) return null
  const { size, etag, crc64, serverCrc64, completedAt } = receipt
  const part = { partNumber: 1, size, etag, crc64, proven: serverCrc64 !== null, attempts: 1 }
  return { kind: 'proven', part, uploadedAt: completedAt }
}

/**
 * Completes a job, also a `cancelling` one, because Complete had already won. A receipt is the proof that every part is
 * in OSS.
 */
export const completeJob = (
  job: Job,
  outcome: Outcome,
  receipt: Receipt | null,
  at: number,
  removal: RemovalNote | null = null,
): Step => ({
  job: {
    ...job,
    ...settled,
    state: 'completed',
    desired: 'run',
    outcome,
    receipt,
    removal,
    error: null,
    refusal: null,
    bytesUploaded: bytesOfCompleted(sizeOf(job), receipt),
    partsUploaded: job.upload?.partCount ?? 0,
    finishedAt: at,
  },
  event: 'job.completed',
  isObjectMade: outcome === 'uploaded',
  parts: provenPart(job, receipt),
})

/**
 * Fails a job. Its intent stays, because a retry must still ask OSS what became of it. When only the callback failed,
 * the object is there, and a retry is to find it. Returns `unwanted` for a job that is being cancelled, and for one
 * whose deadline was moved away in the last moment.
 */
const failJob = (job: Job, error: JobError, receipt: Receipt | null, at: number): Step | 'unwanted' =>
  job.state === 'cancelling' || (error.code === 'deadline' && (job.options.notAfter ?? Infinity) > at)
    ? 'unwanted'
    : {
        job: {
          ...job,
          ...ready,
          state: 'failed',
          desired: 'run',
          intent: error.code === 'callback_failed' ? 'complete' : job.intent,
          error,
          receipt,
          finishedAt: at,
        },
        event: 'job.failed',
      }

/**
 * Cancels a job. Returns `unwanted` unless the user asked for it. `error` says that OSS refused to remove the upload of
 * the job, and that the daemon no longer tries for this job.
 */
const settleCancel = (job: Job, error: JobError | undefined, at: number): Step | 'unwanted' => {
  if (job.state !== 'cancelling') return 'unwanted'
  const refusal = error === undefined ? null : refusedOnceMore(job, error)
  const cancelled: Job = { ...job, ...settled, state: 'cancelled', refusal, finishedAt: at }
  return { job: cancelled, event: 'job.cancelled', leavesUpload: leftByCancel(cancelled) !== null }
}

/** Returns the step with which a job settles. */
export const finishStep = (job: Job, finish: Finish, at: number): Step | 'unwanted' => {
  switch (finish.to) {
    case 'completed':
      return completeJob(job, finish.outcome, finish.receipt, at, finish.removal)
    case 'failed':
      return failJob(job, finish.error, finish.receipt, at)
    case 'cancelled':
      return settleCancel(job, finish.refusal, at)
  }
}
