import type { EventType } from './event.js'
import type { JobError } from './failure.js'
import type { CancelRefusal, SourceRemoval } from './job.js'
import {
  type Fingerprint,
  type IntentKind,
  isFingerprintDue,
  type Job,
  type JobChanges,
  type NewJob,
  sizeOf,
  sourceWith,
  type Tuning,
  tuningOf,
  type Upload,
  type Waiting,
} from './job.js'
import type { PlannedPart, UploadedPart } from './part.js'
import { modeFor } from './plan.js'
import { doubled } from './retry.js'

/** This says what becomes of the part rows of a job. */
export type PartsChange =
  /** All of them are pending again. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'planned'; readonly parts: readonly PlannedPart[] }
  /** Copies of another job's rows take their place. */
  | { readonly kind: 'inherited'; readonly jobId: string }
  /** The one part of a put is uploaded, as its receipt proves. A put has no part of its own in OSS. */
  | { readonly kind: 'proven'; readonly part: UploadedPart; readonly uploadedAt: number }

/**
 * These are the steps of a job's life. They are decided here once, so that every store keeps the same law. A store
 * reads the job, takes a step, and commits what it says together with its event. Instants are milliseconds since the
 * epoch.
 */
export interface Step {
  readonly job: Job
  /** This is what the event log is told. It is null when nothing that a listener can see has changed. */
  readonly event: EventType | null
  /** This says what becomes of the part rows. It is null or absent when they stay as they are. */
  readonly parts?: PartsChange | null
  /** Each Initiate of the job was answered or made nothing, unless one of them went unanswered. */
  readonly isAnswered?: boolean
  /** OSS still holds the upload that the job had before the step, and the upload is kept as abandoned. */
  readonly leavesUpload?: boolean
  /** The job made the object, so that older failed jobs give up what they have in OSS of it. */
  readonly isObjectMade?: boolean
  /**
   * This is the name of the token that made the request. It is null or absent when no token did, or when the daemon
   * took the step by itself.
   */
  readonly by?: string | null
}

/** This says why a job waits and until when. A job waits only when both are given. */
export interface Rest {
  readonly waiting: Waiting | null
  readonly dueAt: number | null
}

export const ready: Rest = { waiting: null, dueAt: null }

const restUntil = ({ waiting, dueAt }: Rest, at: number): Rest =>
  waiting !== null && dueAt !== null && dueAt > at ? { waiting, dueAt } : ready

/**
 * This says how a run ends that settled nothing, as the run asks for it. Without a reason or a delay the job is ready
 * at once.
 */
export type RunEnd =
  | { readonly to: 'paused' }
  | {
      readonly to: 'queued' | 'cancelling'
      readonly waiting: Waiting | null
      readonly delayMs: number | null
      /** This is the error with which OSS refused to remove the upload. */
      readonly refusal?: JobError
    }

const restOf = (end: RunEnd, at: number): Rest =>
  end.to === 'paused' || end.delayMs === null ? ready : restUntil({ waiting: end.waiting, dueAt: at + end.delayMs }, at)

/** Returns the step of a job for which there is nothing to do. */
export const unchanged = (job: Job): Step => ({ job, event: null })

/** Puts a job back into the queue, where it waits when there is a reason and an instant ahead. */
export const toQueue = (job: Job, rest: Rest, at: number): Step => {
  const granted = restUntil(rest, at)
  return {
    job: { ...job, ...granted, state: 'queued', desired: 'run' },
    event: granted.waiting === null ? 'job.queued' : 'job.waiting',
  }
}

/**
 * Returns the row that submit makes. The request's `dueAt` is its `notBefore`. Every field is named, because a spread
 * to which other fields are added costs V8 thirty times as much.
 */
export const createJob = (request: NewJob, at: number): Step => {
  const rest = restUntil({ waiting: 'notBefore', dueAt: request.dueAt }, at)
  const job: Job = {
    id: request.id,
    state: 'queued',
    desired: 'run',
    waiting: rest.waiting,
    batchId: request.batchId,
    source: request.source,
    place: request.place,
    node: null,
    target: request.target,
    options: request.options,
    priority: request.priority,
    labels: request.labels,
    marker: request.marker,
    upload: null,
    intent: null,
    bytesUploaded: 0,
    partsUploaded: 0,
    outcome: null,
    receipt: null,
    removal: null,
    error: null,
    refusal: null,
    attempts: 0,
    runs: 0,
    crashes: 0,
    restarts: 0,
    version: 1,
    dueAt: rest.dueAt,
    notBefore: request.dueAt,
    createdAt: at,
    startedAt: null,
    finishedAt: null,
  }
  return { job, event: rest.waiting === null ? 'job.queued' : 'job.waiting' }
}

/**
 * Returns how a job that has no upload yet will send its bytes, when its claim settles that: in one PutObject, which a
 * repeat merely overwrites. A job that must first look whether the object exists makes its plan after it has looked, and
 * so does one whose fingerprint is due, because its size is not known.
 */
const uploadOfClaim = (job: Job): Upload | null => {
  const { upload, options } = job
  if (upload !== null || options.ifExists !== 'overwrite' || isFingerprintDue(job)) return upload
  return modeFor(sizeOf(job), options.multipartThreshold) === 'put' ? putOf(sizeOf(job)) : null
}

export const putOf = (size: number): Upload => ({ mode: 'put', uploadId: null, partSize: size, partCount: 1 })

/** Claims a job: `queued -> running`. A `cancelling` job keeps its state, and the run only works on it. */
export const startRun = (job: Job, at: number): Step => {
  const taken: Job = { ...job, waiting: null, dueAt: null, runs: job.runs + 1 }
  if (job.state === 'cancelling') return unchanged(taken)
  return {
    job: { ...taken, state: 'running', upload: uploadOfClaim(job), startedAt: job.startedAt ?? at },
    event: 'job.running',
  }
}

export const refusedOnceMore = (job: Job, error: JobError | undefined): CancelRefusal | null =>
  error === undefined ? job.refusal : { tries: (job.refusal?.tries ?? 0) + 1, error }

/**
 * Ends a run that settled nothing. What the user wants decides: an accepted pause of a running job is granted whatever
 * the run asked for, a pause that was taken back leads to `queued`, and a cancel stays a cancel.
 */
export const endRun = (job: Job, end: RunEnd, at: number): Step => {
  const survivor: Job = { ...job, crashes: 0 }
  if (job.state === 'cancelling') {
    // A backoff that was chosen before the cancel arrived must not hold the cancel up.
    const rest = end.to === 'cancelling' ? restOf(end, at) : ready
    const refusal = refusedOnceMore(job, end.to === 'paused' ? undefined : end.refusal)
    return { job: { ...survivor, ...rest, refusal }, event: rest.waiting === null ? null : 'job.waiting' }
  }
  // A source that is being deleted is not left half-way for as long as a pause lasts.
  if (job.state === 'running' && job.desired === 'pause' && job.removal === null) {
    return { job: { ...survivor, state: 'paused' }, event: 'job.paused' }
  }
  return toQueue(survivor, restOf(end, at), at)
}

/** So many crashes in a row cost no time, because a process rarely dies of the job that it was working on. */
const freeCrashes = 2
const firstCrashDelayMs = 1_000
const longestCrashDelayMs = 60_000

/**
 * Ends a run whose process died or lost its lease. This costs no attempt. But when the runs of a job end so again and
 * again without anything being committed, the job makes room for others, because it may be what the process dies of.
 */
export const crashRun = (job: Job, at: number): Step => {
  const crashes = job.crashes + 1
  const doublings = crashes - freeCrashes - 1
  const delayMs = doublings < 0 ? 0 : doubled(firstCrashDelayMs, doublings, longestCrashDelayMs)
  const to = job.state === 'cancelling' ? 'cancelling' : 'queued'
  const step = endRun(job, { to, waiting: 'backoff', delayMs }, at)
  return { ...step, job: { ...step.job, crashes } }
}

export const dropped: PartsChange = { kind: 'dropped' }

export const noUpload = { upload: null, intent: null, bytesUploaded: 0, partsUploaded: 0 } as const

export const sameRecord = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}

/**
 * Changes what a user may change. When nothing will ever be done again for a job, only its labels can change, because
 * the rest would have no effect.
 */
export const changeJob = (job: Job, { labels, bandwidthAsked, ...tuning }: JobChanges): Step | 'invalid_state' => {
  const isOver = job.state === 'completed' || job.state === 'cancelled'
  if (isOver && Object.keys(tuning).length > 0) return 'invalid_state'
  const before = tuningOf(job)
  const after = { ...before, ...tuning }
  const isSame = (Object.keys(before) as (keyof Tuning)[]).every((name) => after[name] === before[name])
  if (isSame && (labels === undefined || sameRecord(job.labels, labels))) return unchanged(job)
  const { priority, parallel, bandwidth, notAfter } = after
  const { bandwidth: _, bandwidthAsked: spelt, ...others } = job.options
  const asked = tuning.bandwidth === undefined ? spelt : bandwidthAsked
  const spelling = asked === undefined ? {} : { bandwidthAsked: asked }
  const options = { ...others, parallel, notAfter, ...(bandwidth === null ? {} : { bandwidth, ...spelling }) }
  const next = { ...job, priority, options, labels: labels ?? job.labels, version: job.version + 1 }
  return { job: next, event: 'job.updated' }
}

/**
 * Plans an upload. The plan is committed before anything is sent. An upload that OSS knows must be forgotten first,
 * because it would be orphaned otherwise.
 */
export const planUpload = (job: Job, upload: Upload, parts: readonly PlannedPart[]): Step => {
  if (job.upload?.uploadId != null) throw new Error('an upload that OSS knows cannot be planned over')
  const intent = upload.mode === 'multipart' ? 'initiate' : null
  return { ...unchanged({ ...job, ...noUpload, upload, intent }), parts: { kind: 'planned', parts } }
}

export const nameUpload = (job: Job, uploadId: string): Step => {
  if (job.upload?.mode !== 'multipart') throw new Error('only a planned multipart upload has an id')
  const named = { ...job, upload: { ...job.upload, uploadId }, intent: null, crashes: 0 }
  return { ...unchanged(named), isAnswered: true }
}

/**
 * Commits that an intent is about to be carried out. Null says that the intent was reconciled, and that an Initiate
 * made nothing.
 */
export const setIntent = (job: Job, intent: IntentKind | null): Step => ({
  ...unchanged({ ...job, intent }),
  isAnswered: job.intent === 'initiate' && intent === null,
})

export const chargeAttempts = (job: Job, count: number): Step => unchanged({ ...job, attempts: job.attempts + count })

/** Forgets the upload of a job. `isLeft` says that OSS refuses to remove the upload. */
export const forgetUpload = (job: Job, fingerprint: Fingerprint | null, isLeft: boolean): Step => ({
  job: {
    ...job,
    ...noUpload,
    source: fingerprint === null ? job.source : sourceWith(job, fingerprint),
    restarts: job.restarts + 1,
  },
  event: 'job.updated',
  parts: dropped,
  leavesUpload: isLeft && job.upload?.uploadId != null,
})

/**
 * Lets a failed job give its upload up. Returns null when it has none to give up. The id goes, so that no job can go on
 * with the upload, and the parts stay to be looked at. The intent `complete` stays too, because a cancel must still ask
 * OSS whether it had won. `isInherited` says that another job goes on with the upload.
 */
export const abandonUpload = (job: Job, isInherited = false): Step | null => {
  if (job.state !== 'failed' || job.upload === null || job.upload.uploadId === null) return null
  const intent = job.intent === 'complete' ? 'complete' : null
  const given: Job = { ...job, upload: { ...job.upload, uploadId: null }, intent }
  return { job: given, event: 'job.updated', leavesUpload: !isInherited }
}

/** Moves a job `running -> completing`, so that an accepted pause or cancel cannot lose the race against Complete. */
export const beginCompleting = (job: Job): Step | 'unwanted' => {
  if (job.state === 'completing') return unchanged(job)
  if (job.state !== 'running' || job.desired !== 'run') return 'unwanted'
  return { job: { ...job, state: 'completing', intent: 'complete' }, event: 'job.completing' }
}

/**
 * Notes that the object is proven and the source is about to go. Returns `unwanted` once the user has changed their
 * mind.
 */
export const beginRemoval = (job: Job, removal: SourceRemoval & { readonly state: 'pending' }): Step | 'unwanted' =>
  job.state === 'cancelling' ? 'unwanted' : unchanged({ ...job, removal })

/** Notes that OSS has forgotten what the cancel had to leave. */
export const clearLeftover = (job: Job): Step => ({ job: { ...job, refusal: null }, event: 'job.updated' })
