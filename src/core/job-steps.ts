import type { EventType } from './event.js'
import type { JobError } from './failure.js'
import type { CancelRefusal, RemovalNote, SourceRemoval } from './job.js'
import {
  type Fingerprint,
  type IntentKind,
  type Job,
  type JobChanges,
  type NewJob,
  type Outcome,
  type Receipt,
  sizeOf,
  sourceWith,
  type Tuning,
  tuningOf,
  type Upload,
  type Waiting,
} from './job.js'
import { modeFor } from './plan.js'
import { bytesOfCompleted } from './progress.js'
import { doubled } from './retry.js'

/**
 * The steps of a job's life, decided here once, so that every store keeps the same law. A store reads the job, takes a
 * step, and commits what it says together with its event. Instants are milliseconds since the epoch.
 */
export interface Step {
  readonly job: Job
  /** What the event log is told; null when nothing that a listener can see has changed. */
  readonly event: EventType | null
  /** What becomes of the part rows: `reset` makes them pending again, `dropped` removes them. Kept when absent. */
  readonly parts?: 'reset' | 'dropped'
  /** The name of the token whose request it was; null or absent: nobody's, or the daemon's own doing. */
  readonly by?: string | null
}

/** Why a job rests and until when. Both are needed for it to rest at all. */
export interface Rest {
  readonly waiting: Waiting | null
  readonly dueAt: number | null
}

const ready: Rest = { waiting: null, dueAt: null }

const restUntil = ({ waiting, dueAt }: Rest, at: number): Rest =>
  waiting !== null && dueAt !== null && dueAt > at ? { waiting, dueAt } : ready

/** The end of a run that settled nothing, as the run asks for it. Without a reason or a delay the job is ready at once. */
export interface RunEnd {
  readonly to: 'queued' | 'paused' | 'cancelling'
  readonly waiting: Waiting | null
  readonly delayMs: number | null
  readonly refusal?: JobError
}

const restFor = ({ waiting, delayMs }: RunEnd, at: number): Rest =>
  restUntil({ waiting, dueAt: delayMs === null ? null : at + delayMs }, at)

const unchanged = (job: Job): Step => ({ job, event: null })

const toQueue = (job: Job, rest: Rest, at: number): Step => {
  const granted = restUntil(rest, at)
  return {
    job: { ...job, ...granted, state: 'queued', desired: 'run' },
    event: granted.waiting === null ? 'job.queued' : 'job.waiting',
  }
}

/**
 * The row that submit makes. The request's `dueAt` is its `notBefore`. Every field is named: a spread to which others are
 * added costs V8 thirty times as much.
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
 * How a job that has no upload yet will send its bytes, when that is settled by its claim: in one PutObject, which a repeat
 * merely overwrites. Whoever must look first whether the object exists plans when he has looked.
 */
const uploadOfClaim = (job: Job): Upload | null => {
  const { upload, options } = job
  if (upload !== null || options.ifExists !== 'overwrite') return upload
  return modeFor(sizeOf(job), options.multipartThreshold) === 'put' ? putOf(sizeOf(job)) : null
}

export const putOf = (size: number): Upload => ({ mode: 'put', uploadId: null, partSize: size, partCount: 1 })

/** A claim: `queued -> running`; a `cancelling` job stays so and is merely worked on. */
export const startRun = (job: Job, at: number): Step => {
  const taken: Job = { ...job, waiting: null, dueAt: null, runs: job.runs + 1 }
  if (job.state === 'cancelling') return unchanged(taken)
  return {
    job: { ...taken, state: 'running', upload: uploadOfClaim(job), startedAt: job.startedAt ?? at },
    event: 'job.running',
  }
}

const refusedOnceMore = (job: Job, error: JobError | undefined): CancelRefusal | null =>
  error === undefined ? job.refusal : { tries: (job.refusal?.tries ?? 0) + 1, error }

/**
 * The end of a run that settled nothing. The user's wish decides: an accepted pause of a running
 * job is granted whatever the run asked for, a pause taken back leads to `queued`, a cancel stays one.
 */
export const endRun = (job: Job, end: RunEnd, at: number): Step => {
  const survivor: Job = { ...job, crashes: 0 }
  if (job.state === 'cancelling') {
    // A backoff that was chosen before the cancel arrived must not hold the cancel up.
    const rest = end.to === 'cancelling' ? restFor(end, at) : ready
    const refusal = refusedOnceMore(job, end.refusal)
    return { job: { ...survivor, ...rest, refusal }, event: rest.waiting === null ? null : 'job.waiting' }
  }
  // A source that is being deleted is not left half-way for as long as a pause lasts.
  if (job.state === 'running' && job.desired === 'pause' && job.removal === null) {
    return { job: { ...survivor, state: 'paused' }, event: 'job.paused' }
  }
  return toQueue(survivor, end.to === 'paused' ? ready : restFor(end, at), at)
}

/** Crashes in a row that cost no time: a process rarely dies of the job that it was working on. */
const freeCrashes = 2
const firstCrashDelayMs = 1_000
const longestCrashDelayMs = 60_000

/**
 * The end of a run whose process died or lost its lease. It costs no attempt, but a job whose runs end so again and again
 * without anything being committed makes room for others: it may be what the process dies of.
 */
export const crashRun = (job: Job, at: number): Step => {
  const crashes = job.crashes + 1
  const doublings = crashes - freeCrashes - 1
  const delayMs = doublings < 0 ? 0 : doubled(firstCrashDelayMs, doublings, longestCrashDelayMs)
  const to = job.state === 'cancelling' ? 'cancelling' : 'queued'
  const step = endRun(job, { to, waiting: 'backoff', delayMs }, at)
  return { ...step, job: { ...step.job, crashes } }
}

export const pauseJob = (job: Job): Step | 'invalid_state' => {
  if (job.state === 'queued' && job.removal !== null) return unchanged(job)
  switch (job.state) {
    case 'queued':
      return { job: { ...job, ...ready, state: 'paused', desired: 'pause' }, event: 'job.paused' }
    case 'running':
      return job.desired === 'pause' ? unchanged(job) : { job: { ...job, desired: 'pause' }, event: 'job.updated' }
    case 'paused':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

/** `notBefore` is what the job was submitted with: while it lies ahead, the job waits for it again. */
export const resumeJob = (job: Job, notBefore: number | null, at: number): Step | 'invalid_state' => {
  switch (job.state) {
    case 'paused':
      return toQueue(job, { waiting: 'notBefore', dueAt: notBefore }, at)
    case 'running':
      return job.desired === 'run' ? unchanged(job) : { job: { ...job, desired: 'run' }, event: 'job.updated' }
    case 'queued':
    case 'completing':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

/** Of a failed job: its error and receipt stay, they are still true. */
export const cancelJob = (job: Job): Step | 'invalid_state' => {
  switch (job.state) {
    case 'queued':
    case 'running':
    case 'paused':
    case 'failed':
      return {
        job: { ...job, ...ready, state: 'cancelling', desired: 'cancel', finishedAt: null },
        event: 'job.cancelling',
      }
    case 'cancelling':
    case 'cancelled':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

/** `dev` changes by a remount and ctime by a chmod: neither alone makes it another file. A run re-hashes in doubt. */
const isSameSource = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs

const noUpload = { upload: null, intent: null, bytesUploaded: 0, partsUploaded: 0 } as const

/** A multipart upload that had an id which was taken away: its parts are history. */
const isAbandoned = ({ upload, intent }: Job): boolean =>
  upload?.mode === 'multipart' && upload.uploadId === null && intent !== 'initiate'

/**
 * `failed -> queued`. An unchanged source keeps its upload, unless that was abandoned. A changed one is planned anew: an
 * upload that OSS knows gets the intent `abort`, so that the next run removes it first; another is forgotten.
 */
export const retryJob = (
  job: Job,
  fingerprint: Fingerprint,
  notBefore: number | null,
  at: number,
): Step | 'invalid_state' => {
  if (job.state === 'queued' || job.state === 'running' || job.state === 'completing') return unchanged(job)
  if (job.state !== 'failed') return 'invalid_state'
  const fresh: Job = { ...job, attempts: 0, restarts: 0, error: null, receipt: null, finishedAt: null }
  const again = (next: Job): Step => toQueue(next, { waiting: 'notBefore', dueAt: notBefore }, at)
  if (isSameSource(job.source.fingerprint, fingerprint)) {
    return isAbandoned(job) ? { ...again({ ...fresh, ...noUpload }), parts: 'dropped' } : again(fresh)
  }
  const source = sourceWith(job, fingerprint)
  if (job.upload?.uploadId == null) return { ...again({ ...fresh, ...noUpload, source }), parts: 'dropped' }
  return { ...again({ ...fresh, source, intent: 'abort', bytesUploaded: 0, partsUploaded: 0 }), parts: 'reset' }
}

export const sameRecord = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
}

/** Of a job that nothing will ever be done for again only the labels can change: the rest would have no effect. */
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

/** The plan is committed before anything is sent. A known upload must be forgotten first, or it would be orphaned. */
export const planUpload = (job: Job, upload: Upload): Step => {
  if (job.upload?.uploadId != null) throw new Error('an upload that OSS knows cannot be planned over')
  return unchanged({ ...job, ...noUpload, upload, intent: upload.mode === 'multipart' ? 'initiate' : null })
}

export const nameUpload = (job: Job, uploadId: string): Step => {
  if (job.upload?.mode !== 'multipart') throw new Error('only a planned multipart upload has an id')
  return unchanged({ ...job, upload: { ...job.upload, uploadId }, intent: null, crashes: 0 })
}

export const forgetUpload = (job: Job, fingerprint: Fingerprint | null): Step => ({
  job: {
    ...job,
    ...noUpload,
    source: fingerprint === null ? job.source : sourceWith(job, fingerprint),
    restarts: job.restarts + 1,
  },
  event: 'job.updated',
  parts: 'dropped',
})

/**
 * A failed job gives its upload up: the id goes, so that nobody can go on with it, and the parts stay to be looked at.
 * The intent `complete` stays too, for a cancel must still ask OSS whether it had won. Null when there is none to give up.
 */
export const abandonUpload = (job: Job): Step | null => {
  if (job.state !== 'failed' || job.upload === null || job.upload.uploadId === null) return null
  const intent = job.intent === 'complete' ? 'complete' : null
  return { job: { ...job, upload: { ...job.upload, uploadId: null }, intent }, event: 'job.updated' }
}

/** Whether Initiate may be sent from this step on (`begun`), or can no longer be (`over`). */
export const initiateChange = (before: IntentKind | null, after: IntentKind | null): 'begun' | 'over' | null => {
  if ((before === 'initiate') === (after === 'initiate')) return null
  return after === 'initiate' ? 'begun' : 'over'
}

/** `running -> completing`, so that an accepted pause or cancel cannot lose the race against Complete. */
export const beginCompleting = (job: Job): Step | 'unwanted' => {
  if (job.state === 'completing') return unchanged(job)
  if (job.state !== 'running' || job.desired !== 'run') return 'unwanted'
  return { job: { ...job, state: 'completing', intent: 'complete' }, event: 'job.completing' }
}

const settled = { waiting: null, dueAt: null, intent: null } as const

/** The object is proven, and the source is about to go. Unwanted once the user has changed his mind. */
export const beginRemoval = (job: Job, removal: SourceRemoval & { readonly state: 'pending' }): Step | 'unwanted' =>
  job.state === 'cancelling' ? 'unwanted' : unchanged({ ...job, removal })

/** Also of a `cancelling` job: Complete had already won. A receipt is the proof that every part is in OSS. */
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
})

/**
 * The intent stays: a retry must still ask OSS what became of it. When only the callback failed the object is there, and a
 * retry is to find it. Unwanted of a job that is being cancelled, and of one whose deadline was moved away in the last moment.
 */
export const failJob = (job: Job, error: JobError, receipt: Receipt | null, at: number): Step | 'unwanted' =>
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

/** Unwanted unless the user asked for it. With `error` OSS refused to remove its upload, and nobody tries for the job any more. */
export const settleCancel = (job: Job, error: JobError | undefined, at: number): Step | 'unwanted' => {
  if (job.state !== 'cancelling') return 'unwanted'
  const refusal = error === undefined ? null : refusedOnceMore(job, error)
  return { job: { ...job, ...settled, state: 'cancelled', refusal, finishedAt: at }, event: 'job.cancelled' }
}

/** OSS has forgotten what the cancel had to leave. */
export const clearLeftover = (job: Job): Step => ({ job: { ...job, refusal: null }, event: 'job.updated' })
