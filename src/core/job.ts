import type { Rate } from './bandwidth.js'
import type { JobError } from './failure.js'
import type { JobOptions } from './job-options.js'

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
 * This is the state machine of a job. Every way back to work goes through `queued`. A job that is `completing` cannot
 * be paused or cancelled, because OSS goes on with Complete even if we hang up. `cancelling -> completed` is for a
 * Complete that had already won.
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

/** Returns whether the job is settled, so that nothing more happens to it by itself. */
export const isSettled = (state: JobState): boolean => (settledStates as readonly JobState[]).includes(state)

export const canMove = (from: JobState, to: JobState): boolean => jobTransitions[from].includes(to)

/** This is what the user wants. It is durable and stands beside the state. */
export const desires = ['run', 'pause', 'cancel'] as const
export type Desired = (typeof desires)[number]

/** Returns whether the bytes of a job in this state go to OSS by themselves, sooner or later. */
export const isDueState = (state: JobState): boolean =>
  state === 'queued' || state === 'running' || state === 'completing'

/** These reasons say why an unsettled job does not move. A job has none while it moves. */
export const waitingReasons = ['backoff', 'endpoint', 'credentials', 'storage', 'source', 'notBefore', 'node'] as const
export type Waiting = (typeof waitingReasons)[number]

/**
 * A fingerprint proves that a file did not change. Times are nanoseconds. Values of 64 bits are decimal strings,
 * because JSON has no integers of that size. `core/fingerprint.ts` says what can be compared.
 */
export interface Fingerprint {
  /** This is the node that took the fingerprint. Null is the only node that there was. */
  readonly node: string | null
  readonly dev: string
  readonly ino: string
  readonly size: number
  readonly mtimeNs: string
  readonly ctimeNs: string
}

/**
 * This says where the bytes of a job come from. Another kind becomes a member of this union, and the type checker then
 * names each place that has to decide what it does about it. `fingerprint` is of the file as it was when the job was
 * planned. `isDue` says that it is due: the run that claims the job takes it anew before anything else.
 */
export type JobSource = {
  readonly kind: 'path'
  readonly path: string
  readonly fingerprint: Fingerprint
  readonly isDue?: true
}

/**
 * This is what a look at the source of a job gives: its fingerprint as it is now, or `due` where this node does not see
 * the source, so that the run that claims the job takes the fingerprint.
 */
export type FingerprintNow = Fingerprint | 'due'

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

/** Returns the source of the job with a fingerprint that is not due. */
export const sourceWith = ({ source }: WithSource, fingerprint: Fingerprint): JobSource => {
  switch (source.kind) {
    case 'path':
      return { kind: 'path', path: source.path, fingerprint }
  }
}

/** Returns the source of the job with the fingerprint that it has, which is due. */
export const dueSource = ({ source }: WithSource): JobSource => ({ ...source, isDue: true })

/** Returns whether the run that claims the job has to take its fingerprint anew. */
export const isFingerprintDue = ({ source }: WithSource): boolean => source.isDue === true

/**
 * This is the object that a job writes, with the endpoint and region for which the job was accepted. An upload never
 * resumes elsewhere.
 */
export interface JobTarget {
  readonly bucket: string
  readonly key: string
  readonly endpoint: string
  readonly region: string
}

/** The tuning of a job is what its user may change while the job is worked on. */
export type Tuning = Pick<Job, 'priority'> & Pick<JobOptions, 'parallel' | 'notAfter'> & { readonly bandwidth: Rate }

export const tuningOf = ({ priority, options }: Job): Tuning => ({
  priority,
  parallel: options.parallel,
  bandwidth: options.bandwidth ?? null,
  notAfter: options.notAfter,
})

/** This is what a user changes of a job. What is absent stays. The labels replace all labels that there are. */
export type JobChanges = Partial<Tuning & Pick<Job, 'labels'> & Required<Pick<JobOptions, 'bandwidthAsked'>>>

export const uploadModes = ['put', 'multipart'] as const
export type UploadMode = (typeof uploadModes)[number]

/**
 * This says how the bytes travel. A put has one synthesised part. `uploadId` is null for a put, and until the answer of
 * Initiate is committed.
 */
export interface Upload {
  readonly mode: UploadMode
  readonly uploadId: string | null
  readonly partSize: number
  readonly partCount: number
}

/**
 * An intent is a side effect in OSS that was committed before it was sent and whose result is not committed yet. It
 * stays when the job goes back to `queued`, so the next run asks OSS what became of it.
 */
export const intentKinds = ['initiate', 'complete', 'abort'] as const
export type IntentKind = (typeof intentKinds)[number]

export const outcomes = ['uploaded', 'skipped'] as const
export type Outcome = (typeof outcomes)[number]

/**
 * `object` means that OSS's CRC-64 of the whole object equals ours. `parts` means that OSS gave none, but that the
 * answer of every part proved its own.
 */
export const proofs = ['object', 'parts'] as const
export type Proof = (typeof proofs)[number]

/** This is the stored proof of a completed job. CRC-64 values are decimal strings. */
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

/** This says what becomes of a source that its job deletes. */
export type SourceRemoval =
  /**
   * The removal is committed before the file is touched. `aside` is the name, in the directory of the source, under
   * which it is looked at for the last time.
   */
  | {
      readonly state: 'pending'
      readonly aside: string
      readonly fingerprint: Fingerprint
      readonly receipt: Receipt
    }
  | RemovalNote

export const removalOutcomes = ['removed', 'kept'] as const

/**
 * This says how the removal ended. `note` says why a source was kept, or what is odd. It is null when there is nothing
 * to say.
 */
export interface RemovalNote {
  readonly state: (typeof removalOutcomes)[number]
  readonly note: string | null
}

/** This is what OSS last said against the removal of a cancelled job's upload, and how many tries it has refused. */
export interface CancelRefusal {
  readonly tries: number
  readonly error: JobError
}

/** So many refusals end a cancel. What it leaves in OSS is shown, and is removed once that is allowed. */
export const maxCancelTries = 3

/** This is a job as the store keeps it. Instants are milliseconds since the epoch. */
export interface Job {
  readonly id: string
  readonly state: JobState
  readonly desired: Desired
  readonly waiting: Waiting | null
  readonly batchId: string | null
  readonly source: JobSource
  /** This is the id of the node that sees the source. Null means that every node sees it. */
  readonly place: string | null
  /** This is the id of the node that holds the job, as it was when the job was read. */
  readonly node: string | null
  readonly target: JobTarget
  readonly options: JobOptions
  readonly priority: number
  readonly labels: Readonly<Record<string, string>>
  /**
   * This is the value of `x-oss-meta-longshore-upload`, by which a HEAD recognises our own object. It is null when the
   * marker is switched off.
   */
  readonly marker: string | null
  readonly upload: Upload | null
  readonly intent: IntentKind | null
  readonly bytesUploaded: number
  readonly partsUploaded: number
  readonly outcome: Outcome | null
  readonly receipt: Receipt | null
  /** It is null when the source stays, or when there is no proof yet. */
  readonly removal: SourceRemoval | null
  readonly error: JobError | null
  /** This is the refusal of a cancel. It is kept when the cancel ends with it, while the upload is still in OSS. */
  readonly refusal: CancelRefusal | null
  /** This is the number of charged tries since the user's last retry. */
  readonly attempts: number
  /** This is the number of claims since the job was made. */
  readonly runs: number
  /** So many runs in a row ended with their process before anything of them was committed. */
  readonly crashes: number
  /**
   * So many times since the last retry the job was planned anew, because its upload was lost or its source had changed.
   */
  readonly restarts: number
  /** The version grows with every change that PATCH can make. It is the ETag. */
  readonly version: number
  /** A waiting job is due again at this instant. It is null when the job is ready now. */
  readonly dueAt: number | null
  /** The job was asked to wait for this instant, which stays when it has passed. */
  readonly notBefore: number | null
  readonly createdAt: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

/**
 * This is what a submit gives to the store. The rest of a job starts at its zero. `dueAt` is the `notBefore` of the
 * job, which waits when that lies ahead.
 */
export type NewJob = Pick<
  Job,
  'id' | 'batchId' | 'source' | 'place' | 'target' | 'options' | 'priority' | 'labels' | 'marker' | 'dueAt'
>

/** Returns the id of the upload that a cancel had to leave in OSS, or null when it left none. */
export const leftByCancel = ({ state, refusal, upload }: Job): string | null =>
  state === 'cancelled' && refusal !== null ? (upload?.uploadId ?? null) : null
