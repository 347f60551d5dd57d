import type { Fingerprint, IntentKind, Job, SourceRemoval, Upload } from '../../core/job.js'
import type { Finish } from '../../core/job-ends.js'
import type { PlannedPart, StoredPart, UploadedPart } from '../../core/part.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Fenced, Lease } from '../../ports/lease.js'
import type { AbandonedUpload, OrphanStore } from '../../ports/orphan-store.js'
import type { Page } from '../../ports/page.js'
import type { Claim, Release } from '../../ports/queue-store.js'
import type { JobProgress } from '../feed/progress-board.js'
import { callPatiently } from '../storage/patient-store.js'
import type { StorageGate } from '../storage/storage-gate.js'
import { RunStopped } from './run-control.js'

/**
 * The only place where a run reads and writes the store. A call waits while the medium fails. A write throws RunStopped
 * `fenced` when another claim has overtaken the lease. Whatever a write answers becomes `job`, and the progress board
 * shows it. Reads and writes throw the store's AppError when the run has to end while the medium still fails.
 */
export interface JobRecord {
  /** The job as the store answered it last. */
  readonly job: Job
  /** Reads every part of the plan, in order. */
  parts(): Promise<readonly StoredPart[]>
  /** Commits the fingerprint that was due, and what follows of it for the upload. */
  noteFingerprint(fingerprint: Fingerprint): Promise<void>
  /**
   * Takes over what an older failed job has in OSS of the same object, when this job would begin the same upload.
   * Returns uploads of the object that were given up and are to be removed.
   */
  takeLeftovers(): Promise<readonly AbandonedUpload[]>
  /** Commits how the bytes will be sent, before anything is sent. A multipart upload gets the intent `initiate`. */
  planUpload(upload: Upload, parts: readonly PlannedPart[]): Promise<void>
  /** Commits that the upload is about to be initiated, or aborted. */
  intend(intent: 'initiate' | 'abort'): Promise<void>
  /** Commits that it is known what became of the intent: OSS did nothing. */
  dropIntent(): Promise<void>
  /** Commits that an Initiate may have taken effect without an answer. */
  suspectInitiate(): Promise<void>
  /** Commits the upload id that OSS gave. */
  nameUpload(uploadId: string): Promise<void>
  /** Commits a part that was just sent. */
  commitPart(part: UploadedPart): Promise<void>
  /** Commits parts that OSS was found to hold, and reads the job anew. */
  adoptParts(parts: readonly UploadedPart[]): Promise<void>
  /** Commits tries that count against the job's limit. */
  chargeAttempts(count: number): Promise<void>
  /** Forgets the upload and its parts. With a fingerprint the job goes on with the file that has it. */
  forgetUpload(now: Fingerprint | null): Promise<void>
  /** Forgets the upload as `forgetUpload` does, and keeps it as abandoned, because OSS refuses to remove it. */
  abandonUpload(now: Fingerprint | null): Promise<void>
  /** Commits that OSS no longer holds an upload that some job had given up. */
  forgetAbandoned(uploadId: string): Promise<void>
  /**
   * Commits that Complete is about to be sent. Throws RunStopped `pause` or `cancel` when the user wants that instead.
   */
  beginCompleting(): Promise<void>
  /** Commits that the source is about to be deleted. Returns false when the job was cancelled meanwhile. */
  beginRemoval(removal: SourceRemoval & { readonly state: 'pending' }): Promise<boolean>
  /** Settles the job. Returns false when it may not settle so, because its user has changed it meanwhile. */
  finish(finish: Finish): Promise<boolean>
  /** Ends the run without settling the job. */
  release(release: Release): Promise<void>
}

export interface JobRecordDeps {
  readonly store: JobStore & Pick<OrphanStore, 'forgetAbandoned'>
  readonly storage: Pick<StorageGate, 'opens'>
}

const partsPerPage = 1000

/** Opens the record of one run. When the signal aborts, no call waits for the medium any longer. */
export const openJobRecord = (
  { store, storage }: JobRecordDeps,
  claim: Claim,
  progress: Pick<JobProgress, 'update' | 'landed'>,
  signal: AbortSignal,
): JobRecord => {
  const { lease } = claim
  let { job } = claim

  const patiently = <T>(call: () => Promise<T>): Promise<T> => callPatiently(storage, call, signal)

  const write = async <T>(call: (lease: Lease) => Promise<T | Fenced>): Promise<T> => {
    const answer = await patiently(() => call(lease))
    if (answer === 'fenced') throw new RunStopped('fenced')
    return answer
  }

  const advanceTo = (next: Job): void => {
    job = next
    progress.update(next)
  }

  const advance = async (call: (lease: Lease) => Promise<Job | Fenced>): Promise<void> => advanceTo(await write(call))

  /** Returns false when the store answers that the step is unwanted. */
  const advanceIfWanted = async (call: (lease: Lease) => Promise<Job | 'unwanted' | Fenced>): Promise<boolean> => {
    const answer = await write(call)
    if (answer !== 'unwanted') advanceTo(answer)
    return answer !== 'unwanted'
  }

  const reload = async (): Promise<void> => {
    const now = await patiently(() => store.get(job.id))
    if (now !== null) advanceTo(now)
  }

  const setIntent = (intent: IntentKind | null): Promise<void> => advance((by) => store.setIntent(by, intent))

  return {
    get job() {
      return job
    },
    async parts() {
      const parts: StoredPart[] = []
      let cursor: string | null = null
      do {
        const request = { limit: partsPerPage, cursor }
        const page: Page<StoredPart> = await patiently(() => store.parts(job.id, request))
        parts.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      return parts
    },
    noteFingerprint: (fingerprint) => advance((by) => store.noteFingerprint(by, fingerprint)),
    async takeLeftovers() {
      const taken = await write((by) => store.takeLeftovers(by))
      advanceTo(taken.job)
      return taken.left
    },
    planUpload: (upload, parts) => advance((by) => store.beginUpload(by, upload, parts)),
    intend: setIntent,
    dropIntent: () => setIntent(null),
    async suspectInitiate() {
      await write((by) => store.noteUnansweredInitiate(by))
    },
    nameUpload: (uploadId) => advance((by) => store.setUploadId(by, uploadId)),
    async commitPart(part) {
      let committed = false
      try {
        await write((by) => store.commitParts(by, [part]))
        committed = true
      } finally {
        progress.landed(part.partNumber, committed ? part.size : null)
      }
    },
    async adoptParts(parts) {
      if (parts.length > 0) await write((by) => store.commitParts(by, parts))
      await reload()
    },
    async chargeAttempts(count) {
      await write((by) => store.chargeAttempts(by, count))
    },
    forgetUpload: (now) => advance((by) => store.forgetUpload(by, now)),
    abandonUpload: (now) => advance((by) => store.forgetUpload(by, now, true)),
    forgetAbandoned: (uploadId) => patiently(() => store.forgetAbandoned(uploadId)),
    async beginCompleting() {
      if (await advanceIfWanted((by) => store.beginCompleting(by))) return
      await reload()
      throw new RunStopped(job.desired === 'cancel' ? 'cancel' : 'pause')
    },
    beginRemoval: (removal) => advanceIfWanted((by) => store.beginRemoval(by, removal)),
    finish: (finish) => advanceIfWanted((by) => store.finish(by, finish)),
    release: (release) => advance((by) => store.release(by, release)),
  }
}
