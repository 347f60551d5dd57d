import type { Rate } from './bandwidth.js'
import type { Callback } from './callback.js'
import type { JobError } from './failure.js'

export const jobStates = [
  'queued',
  'running',
  'completing',
  'paused',
  'failed',
  'cancelling',
  'completed',
  'cancelled',
] as const
export type JobState = (typeof jobStates)[number]

/**
 * The job state machine. Every way back to work goes through `queued`. `completing` cannot be paused or cancelled: OSS
 * goes on with Complete even if we hang up. `cancelling -> completed` is for a Complete that had already won.
 */
export const jobTransitions: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['running', 'paused', 'cancelling', 'failed'],
  running: ['completing', 'completed', 'queued', 'paused', 'cancelling', 'failed'],
  completing: ['completed', 'queued', 'failed'],
  paused: ['queued', 'cancelling'],
  failed: ['queued', 'cancelling'],
  cancelling: ['cancelled', 'completed'],
  completed: [],
  cancelled: [],
}

export const settledStates = ['completed', 'failed', 'cancelled'] as const satisfies readonly JobState[]

/** Settled: nothing more happens to the job by itself. */
export const isSettled = (state: JobState): boolean => (settledStates as readonly JobState[]).includes(state)

export const canMove = (from: JobState, to: JobState): boolean => jobTransitions[from].includes(to)

/** What the user wants, durable beside the state. */
export const desires = ['run', 'pause', 'cancel'] as const
export type Desired = (typeof desires)[number]

/** States whose bytes go to OSS by themselves, sooner or later. */
export const isDueState = (state: JobState): boolean =>
  state === 'queued' || state === 'running' || state === 'completing'

/** Why an unsettled job is not moving. Null while it is. */
export const waitingReasons = ['backoff', 'endpoint', 'credentials', 'storage', 'source', 'notBefore'] as const
export type Waiting = (typeof waitingReasons)[number]

export const ifExistsPolicies = ['overwrite', 'skip', 'skipSame', 'fail'] as const
export type IfExists = (typeof ifExistsPolicies)[number]

export const sourceChangePolicies = ['fail', 'restart'] as const
export type OnSourceChange = (typeof sourceChangePolicies)[number]

/** Proves that a file did not change. Times are nanoseconds; 64-bit values are decimal strings because JSON has no integers of that size. */
export interface Fingerprint {
  readonly dev: string
  readonly ino: string
  readonly size: number
  readonly mtimeNs: string
  readonly ctimeNs: string
}

/**
 * Where the bytes of a job come from. Another kind becomes a member of this union; the type checker then names each place
 * that has to decide what it does about it. `fingerprint` is of the file as it was when the job was planned.
 */
export type JobSource = { readonly kind: 'path'; readonly path: string; readonly fingerprint: Fingerprint }

type WithSource = Pick<Job, 'source'>

/** Returns the path at which the daemon reads the bytes. */
export const pathOf = ({ source }: WithSource): string => {
  switch (source.kind) {
    case 'path':
      return source.path
  }
}

/** Returns the number of bytes of the source. */
export const sizeOf = ({ source }: WithSource): number => {
  switch (source.kind) {
    case 'path':
      return source.fingerprint.size
  }
}

/** Returns the source of the job with another fingerprint: the file at its path has changed. */
export const sourceWith = ({ source }: WithSource, fingerprint: Fingerprint): JobSource => {
  switch (source.kind) {
    case 'path':
      return { kind: 'path', path: source.path, fingerprint }
  }
}

/** The object a job writes, with the endpoint and region it was accepted for: an upload never resumes elsewhere. */
export interface JobTarget {
  readonly bucket: string
  readonly key: string
  readonly endpoint: string
  readonly region: string
}

/** Whom a job's events are told to. The URL was checked when the job was submitted. */
export interface WebhookSubscription {
  readonly url: string
  /** Types of stored events that carry a job. */
  readonly events: readonly string[]
}

/** The job's options with every default resolved at submit. Sizes in bytes, instants in milliseconds since the epoch. */
export interface JobOptions {
  readonly partSize: number
  readonly multipartThreshold: number
  readonly parallel: number
  readonly sequential: boolean
  readonly headers: Readonly<Record<string, string>>
  readonly ifExists: IfExists
  /** The CRC-64 the source must have, decimal. */
  readonly crc64: string | null
  readonly notAfter: number | null
  readonly onSourceChange: OnSourceChange
  /** Real paths of directories to which the token of the submit was bound: the source must lie below one of them. */
  readonly roots?: readonly string[]
  /** Bytes per second; absent: only the daemon's own limit counts. */
  readonly bandwidth?: number
  /** How `bandwidth` was spelt; absent where there is none, and in jobs of older versions. */
  readonly bandwidthAsked?: string
  /** Absent: nobody is told. */
  readonly webhook?: WebhookSubscription
  /** Absent: OSS calls nobody. */
  readonly callback?: Callback
  /** Absent: the source stays. */
  readonly deleteSource?: true
}

/** What may change while a job is worked on. */
export type Tuning = Pick<Job, 'priority'> & Pick<JobOptions, 'parallel' | 'notAfter'> & { readonly bandwidth: Rate }

export const tuningOf = ({ priority, options }: Job): Tuning => ({
  priority,
  parallel: options.parallel,
  bandwidth: options.bandwidth ?? null,
  notAfter: options.notAfter,
})

/** What a user changes of a job; what is absent stays. Labels replace all that there are. */
export type JobChanges = Partial<Tuning & Pick<Job, 'labels'> & Required<Pick<JobOptions, 'bandwidthAsked'>>>

export const uploadModes = ['put', 'multipart'] as const
export type UploadMode = (typeof uploadModes)[number]

/** How the bytes travel. A put has one synthesised part; `uploadId` is null for a put and until Initiate's answer is committed. */
export interface Upload {
  readonly mode: UploadMode
  readonly uploadId: string | null
  readonly partSize: number
  readonly partCount: number
}

/**
 * A remote side effect that was committed before it was sent and whose result is not committed yet. It stays when the
 * job goes back to `queued`, so the next run asks OSS what became of it.
 */
export const intentKinds = ['initiate', 'complete', 'abort'] as const
export type IntentKind = (typeof intentKinds)[number]

export const outcomes = ['uploaded', 'skipped'] as const
export type Outcome = (typeof outcomes)[number]

/** `object`: OSS's CRC-64 of the whole object equals ours. `parts`: OSS gave none, but every part's answer proved its own. */
export const proofs = ['object', 'parts'] as const
export type Proof = (typeof proofs)[number]

/** The stored proof of a completed job. CRC-64 values are decimal strings. */
export interface Receipt {
  readonly size: number
  readonly crc64: string
  readonly serverCrc64: string | null
  readonly proof: Proof
  readonly etag: string
  readonly versionId: string | null
  readonly requestId: string | null
  readonly completedAt: number
}

/** What becomes of a source that its job deletes. */
export type SourceRemoval =
  /** Committed before the file is touched. `aside`: the name, in its directory, under which it is looked at a last time. */
  | {
      readonly state: 'pending'
      readonly aside: string
      readonly fingerprint: Fingerprint
      readonly receipt: Receipt
    }
  | RemovalNote

export const removalOutcomes = ['removed', 'kept'] as const

/** How it ended. `note` says why a source was kept, or what is odd; null when there is nothing to say. */
export interface RemovalNote {
  readonly state: (typeof removalOutcomes)[number]
  readonly note: string | null
}

/** What OSS last said against the removal of a cancelled job's upload, and how many tries it has refused. */
export interface CancelRefusal {
  readonly tries: number
  readonly error: JobError
}

/** So many refusals end a cancel: what it leaves in OSS is told, and removed once that is allowed. */
export const maxCancelTries = 3

/** A job as the store keeps it. Instants are milliseconds since the epoch. */
export interface Job {
  readonly id: string
  readonly state: JobState
  readonly desired: Desired
  readonly waiting: Waiting | null
  readonly batchId: string | null
  readonly source: JobSource
  readonly target: JobTarget
  readonly options: JobOptions
  readonly priority: number
  readonly labels: Readonly<Record<string, string>>
  /** Value of `x-oss-meta-longshore-upload`, by which a HEAD recognises our own object. Null when switched off. */
  readonly marker: string | null
  readonly upload: Upload | null
  readonly intent: IntentKind | null
  readonly bytesUploaded: number
  readonly partsUploaded: number
  readonly outcome: Outcome | null
  readonly receipt: Receipt | null
  /** Null: its source stays, or there is no proof yet. */
  readonly removal: SourceRemoval | null
  readonly error: JobError | null
  /** Of a cancel; kept when it ends so, while its upload is still in OSS. */
  readonly refusal: CancelRefusal | null
  /** Charged tries since the last retry by the user. */
  readonly attempts: number
  /** Claims since the job was made. */
  readonly runs: number
  /** Runs in a row that ended with their process before anything of them was committed. */
  readonly crashes: number
  /** Times the upload was lost or the source changed and the job planned anew, since the last retry. */
  readonly restarts: number
  /** Grows with every change that PATCH can make; the ETag. */
  readonly version: number
  /** When a waiting job is due again; null when it is ready now. */
  readonly dueAt: number | null
  /** What the job was asked to wait for, also when it has passed. */
  readonly notBefore: number | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

/** What submit hands to the store; the rest of a Job starts at its zero. `dueAt` is the job's `notBefore`: it waits when that lies ahead. */
export type NewJob = Pick<
  Job,
  'id' | 'batchId' | 'source' | 'target' | 'options' | 'priority' | 'labels' | 'marker' | 'dueAt'
>

/** The upload that a cancel had to leave in OSS; null when it left none. */
export const leftByCancel = ({ state, refusal, upload }: Job): string | null =>
  state === 'cancelled' && refusal !== null ? (upload?.uploadId ?? null) : null
