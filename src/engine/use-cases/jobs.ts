import { AppError } from '../../core/app-error.js'
import { type Caller, mayControl, mayWrite } from '../../core/caller.js'
import { Failure } from '../../core/failure.js'
import { type Fingerprint, isSettled, type Job, type JobChanges, type NewJob, pathOf, sizeOf } from '../../core/job.js'
import type { JobFilter } from '../../core/job-filter.js'
import type { OptionDefaults } from '../../core/job-options.js'
import { answerJob, type JobAnswer } from '../../core/job-view.js'
import { type BucketPrefix, isTargetAllowed } from '../../core/object-key.js'
import { behindObstacle } from '../../core/obstacle.js'
import { type PartView, viewPart } from '../../core/part-view.js'
import { maxObjectSize } from '../../core/plan.js'
import { type Verb, verbWords } from '../../core/verb.js'
import { type ControlRequest, lawOf } from '../../core/verb-law.js'
import type { Clock } from '../../ports/clock.js'
import type { IdempotencyKey } from '../../ports/idempotency-key.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { Page, PageRequest } from '../../ports/page.js'
import type { SourceOpener } from '../../ports/source.js'
import type { Wakeup } from '../../ports/wakeup.js'
import type { WebhookSender } from '../../ports/webhooks.js'
import { createWaker } from '../async/waker.js'
import type { Admission } from '../capacity/admission.js'
import type { ProgressBoard } from '../feed/progress-board.js'
import type { NodeBoard } from '../nodes/node-board.js'
import { subscriptionOf } from '../outbox/subscription.js'
import { fingerprintSource } from '../storage/fingerprint-source.js'
import { type JobTemplateRequest, newJob, templateOf } from './job-template.js'
import { logRefusal, sourceUnavailable } from './source-refusal.js'

/** A valid job request: shapes, sizes, key, bucket, path and header rules were checked by the caller. Defaults are filled in here. */
export interface SubmitRequest extends JobTemplateRequest {
  readonly source: { readonly path: string }
  readonly target: { readonly bucket: string; readonly key: string }
}

/** The use cases around jobs. Everything throws AppError for what a caller can act on. */
export interface Jobs {
  submit(
    request: SubmitRequest,
    idempotency: IdempotencyKey | null,
    caller: Caller,
  ): Promise<{ job: JobAnswer; replayed: boolean }>
  get(jobId: string): Promise<JobAnswer>
  /** Resolves to the job when it is settled, or as it is after `timeoutMs` or when the signal aborts. */
  wait(jobId: string, timeoutMs: number, signal: AbortSignal): Promise<JobAnswer>
  list(filter: JobFilter, page: PageRequest): Promise<Page<JobAnswer>>
  parts(jobId: string, page: PageRequest): Promise<Page<PartView>>
  control(jobId: string, verb: Verb, caller: Caller): Promise<JobAnswer>
  /** `ifVersions` are the versions that the caller is willing to change; null: any. */
  change(jobId: string, changes: JobChanges, ifVersions: readonly number[] | null, caller: Caller): Promise<JobAnswer>
  remove(jobId: string, caller: Caller): Promise<void>
}

/** Says where jobs go, and what they get when their request asks for nothing else. */
export interface JobDefaults extends OptionDefaults {
  readonly endpoint: string
  readonly region: string
  readonly allowedTargets: readonly BucketPrefix[]
  /** Objects carry `x-oss-meta-longshore-upload`. */
  readonly marker: boolean
  /** How many jobs may be queued; null: any number. */
  readonly maxQueued: number | null
}

interface Deps {
  readonly store: JobStore
  readonly admission: Pick<Admission, 'obstacleToJob'>
  readonly board: Pick<NodeBoard, 'placeOf' | 'sees'>
  readonly sources: SourceOpener
  /** Null when this daemon has no secret to sign with. */
  readonly webhooks: Pick<WebhookSender, 'refusal'> | null
  readonly progress: ProgressBoard
  readonly wakeup: Wakeup
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
  readonly newMarker: () => string
  readonly defaults: JobDefaults
}

const jobNotFound = (jobId: string): AppError =>
  new AppError('job_not_found', `There is no job ${JSON.stringify(jobId)}: it was never made, or was deleted`)

const targetBusy = (jobId: string): AppError =>
  new AppError(
    'target_busy',
    `Job ${jobId} is writing the same object and is not settled: wait for it, or cancel it first`,
    { jobId },
  )

/** How long a client should leave a full queue alone. */
const fullQueueSeconds = 5

const queueFull = (maxQueued: number | null): AppError =>
  new AppError(
    'queue_full',
    `${maxQueued} jobs are queued already, and this daemon takes no more (LONGSHORE_MAX_QUEUED): submit again later`,
    { retryAfterSeconds: fullQueueSeconds },
  )

/** Hints can be lost, so a waiter looks this often anyway. */
const waitPollMs = 1_000

export const createJobs = (deps: Deps): Jobs => {
  const { store, admission, sources, progress, wakeup, clock, defaults } = deps
  const names = { newId: deps.newId, newMarker: () => (defaults.marker ? deps.newMarker() : null) }

  /** The answers of settled jobs are kept, because they do not change and lists show the same jobs again and again. */
  const settled = new WeakMap<Job, JobAnswer>()

  const view = (job: Job): JobAnswer => {
    if (!isSettled(job.state))
      return answerJob(behindObstacle(job, admission.obstacleToJob(job)), progress.live(job.id) ?? undefined)
    const answer = settled.get(job) ?? answerJob(job)
    settled.set(job, answer)
    return answer
  }

  const fingerprintOf = (path: string, within?: readonly string[]): Promise<Fingerprint> =>
    fingerprintSource(sources, path, within).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      logRefusal(deps.logger, path, error)
      throw sourceUnavailable('source', path, error)
    })

  const replay = (found: { job: Job; fingerprint: string }, fingerprint: string): Job => {
    if (found.fingerprint === fingerprint) return found.job
    throw idempotencyMismatch()
  }

  const mustGet = async (jobId: string): Promise<Job> => {
    const job = await store.get(jobId)
    if (job === null) throw jobNotFound(jobId)
    return job
  }

  const assertAllowed = ({ bucket, key }: SubmitRequest['target'], caller: Caller): void => {
    if (!isTargetAllowed(defaults.allowedTargets, bucket, key)) {
      throw new AppError('target_not_allowed', `This daemon may not write ${bucket}/${key} (LONGSHORE_ALLOWED_TARGETS)`)
    }
    if (!mayWrite(caller, { bucket, key })) {
      throw new AppError(
        'target_not_allowed',
        `This token may not write ${bucket}/${key}: it is bound to other targets`,
      )
    }
  }

  /** Throws AppError `forbidden` when the caller may not control the job. A job that does not exist passes. */
  const assertMayControl = async (caller: Caller, jobId: string): Promise<void> => {
    if (caller.roots === null && caller.targets === null) return
    const job = await store.get(jobId)
    if (job !== null && !mayControl(caller, job)) {
      throw new AppError('forbidden', 'This token is bound to other roots or targets than those of the job')
    }
  }

  const build = async (request: SubmitRequest, caller: Caller): Promise<NewJob> => {
    const { bucket, key } = request.target
    const roots = caller.roots ?? undefined
    const webhook = subscriptionOf(request.webhook, deps.webhooks)
    const fingerprint = await fingerprintOf(request.source.path, roots)
    if (fingerprint.size > maxObjectSize) {
      throw new AppError('invalid_request', 'The source is larger than an object in OSS can be', {
        errors: [{ path: 'source.path', message: `has ${fingerprint.size} bytes; OSS holds at most ${maxObjectSize}` }],
      })
    }
    const source = { kind: 'path', path: request.source.path, fingerprint } as const
    const target = { bucket, key, endpoint: defaults.endpoint, region: defaults.region }
    const template = templateOf(request, defaults, { roots: caller.roots, webhook })
    return newJob(template, { batchId: null, source, place: deps.board.placeOf(request.source.path), target }, names)
  }

  return {
    async submit(request, idempotency, caller) {
      assertAllowed(request.target, caller)
      if (idempotency !== null) {
        const found = await store.findByIdempotencyKey(idempotency.key)
        if (found !== null) return { job: view(replay(found, idempotency.fingerprint)), replayed: true }
      }
      const result = await store.submit(await build(request, caller), idempotency, caller.name, defaults.maxQueued)
      switch (result.kind) {
        case 'created':
          return { job: view(result.job), replayed: false }
        case 'replayed':
          return { job: view(result.job), replayed: true }
        case 'mismatch':
          throw idempotencyMismatch()
        case 'target_busy':
          throw targetBusy(result.jobId)
        case 'queue_full':
          throw queueFull(defaults.maxQueued)
      }
    },

    get: async (jobId) => view(await mustGet(jobId)),

    async wait(jobId, timeoutMs, signal) {
      const deadline = clock.monotonic() + timeoutMs
      const waker = createWaker(clock)
      const unsubscribe = wakeup.subscribe('events', waker.poke)
      try {
        for (;;) {
          const job = await mustGet(jobId)
          const left = deadline - clock.monotonic()
          if (isSettled(job.state) || left <= 0 || signal.aborted) return view(job)
          await waker.wait(Math.min(left, waitPollMs), signal)
        }
      } finally {
        unsubscribe()
      }
    },

    async list(filter, page) {
      const found = await store.list(filter, page)
      return { items: found.items.map(view), nextCursor: found.nextCursor }
    },

    async parts(jobId, page) {
      const job = await mustGet(jobId)
      const uploading = progress.uploadingParts(jobId)
      if (job.upload?.mode === 'put') return { items: [putPart(job, uploading.size > 0)], nextCursor: null }
      const found = await store.parts(jobId, page)
      return {
        items: found.items.map((part) => viewPart(part, uploading.has(part.partNumber))),
        nextCursor: found.nextCursor,
      }
    },

    async control(jobId, verb, caller) {
      await assertMayControl(caller, jobId)
      const result = await store.control(jobId, await requestOf(jobId, verb), caller.name)
      switch (result.kind) {
        case 'ok':
          return view(result.job)
        case 'not_found':
          throw jobNotFound(jobId)
        case 'target_busy':
          throw targetBusy(result.jobId)
        case 'invalid_state':
          throw new AppError('invalid_state', `The job is ${result.state}: ${verbWords[verb].jobRefusal}`)
      }
    },

    async change(jobId, changes, ifVersions, caller) {
      await assertMayControl(caller, jobId)
      const { notAfter = null } = changes
      if (notAfter !== null) {
        const { notBefore = null } = (await store.get(jobId)) ?? {}
        if (notBefore !== null && notAfter <= notBefore) {
          const field = { path: 'notAfter', message: 'must be later than notBefore' }
          throw new AppError('invalid_request', 'notAfter must be later than notBefore', { errors: [field] })
        }
      }
      const result = await store.change(jobId, changes, ifVersions, caller.name)
      switch (result.kind) {
        case 'ok':
          return view(result.job)
        case 'not_found':
          throw jobNotFound(jobId)
        case 'precondition_failed':
          throw new AppError(
            'precondition_failed',
            `The job was changed meanwhile, its ETag is "v${result.version}" now: read it again and decide anew`,
          )
        case 'invalid_state':
          throw new AppError('invalid_state', `The job is ${result.state}: only its labels can still be changed`)
      }
    },

    async remove(jobId, caller) {
      await assertMayControl(caller, jobId)
      const result = await store.remove(jobId, caller.name)
      if (result === 'not_found') throw jobNotFound(jobId)
      if (result === 'invalid_state') {
        throw new AppError('invalid_state', 'Only a settled job can be deleted: wait for it, or cancel it first')
      }
    },
  }

  /**
   * Looks at the source for a verb that needs it. The source has to be there only when the job has a use for the verb,
   * and when this node sees it.
   */
  async function requestOf(jobId: string, verb: Verb): Promise<ControlRequest> {
    const { needsSource, reaches } = lawOf(verb)
    if (!needsSource) return { verb }
    const job = await mustGet(jobId)
    if (!reaches.includes(job.state)) return { verb }
    if (!deps.board.sees(job.place)) return { verb, fingerprint: 'due' }
    return { verb, fingerprint: await fingerprintOf(pathOf(job), job.options.roots) }
  }
}

export const idempotencyMismatch = (): AppError =>
  new AppError('idempotency_mismatch', 'This Idempotency-Key was used with another request: use a new key')

/** Returns the one part of a put. It has no row of its own; the job itself knows what there is to know. */
const putPart = (job: Job, moving: boolean): PartView => {
  const { receipt } = job
  const part = {
    partNumber: 1,
    offset: 0,
    size: sizeOf(job),
    state: receipt === null ? 'pending' : 'uploaded',
    etag: receipt?.etag ?? null,
    crc64: receipt?.crc64 ?? null,
    proven: receipt !== null,
    attempts: receipt === null ? 0 : 1 + job.attempts,
    uploadedAt: receipt?.completedAt ?? null,
  } as const
  return viewPart(part, moving)
}
