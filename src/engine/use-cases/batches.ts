import { AppError } from '../../core/app-error.js'
import {
  type Batch,
  type BatchFile,
  type BatchProblem,
  batchStateOf,
  type NewBatch,
  type PlannedFile,
} from '../../core/batch.js'
import { type BatchOwnFieldsRequest, ownFieldsOf } from '../../core/batch-own-fields.js'
import { answerBatch, type BatchAnswer, shownProblems } from '../../core/batch-view.js'
import type { BulkVerb } from '../../core/bulk-verb.js'
import { type Caller, mayControl, mayWrite } from '../../core/caller.js'
import { Failure } from '../../core/failure.js'
import { answerJob, type JobAnswer } from '../../core/job-view.js'
import { isTargetAllowed } from '../../core/object-key.js'
import { type Verb, verbWords } from '../../core/verb.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { DirectoryWalker } from '../../ports/directory-walker.js'
import type { IdempotencyKey } from '../../ports/idempotency-key.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { Page, PageRequest } from '../../ports/page.js'
import type { WebhookSender } from '../../ports/webhooks.js'
import type { ProgressBoard } from '../feed/progress-board.js'
import type { NodeBoard } from '../nodes/node-board.js'
import { subscriptionOf } from '../outbox/subscription.js'
import { type JobTemplateRequest, templateOf } from './job-template.js'
import { idempotencyMismatch, type JobDefaults } from './jobs.js'
import { logRefusal, sourceUnavailable } from './source-refusal.js'

/** This is a valid batch request. The caller has checked its shapes, patterns, keys, bucket and paths. */
export interface BatchRequest extends Omit<JobTemplateRequest, 'crc64'>, BatchOwnFieldsRequest {
  readonly source:
    | {
        readonly dir: string
        readonly include?: readonly string[] | undefined
        readonly exclude?: readonly string[] | undefined
        readonly followSymlinks?: boolean | undefined
      }
    /** `key` is below the prefix. Without a key the name of the file is used. */
    | { readonly files: readonly (string | { readonly path: string; readonly key?: string | undefined })[] }
  readonly target: { readonly bucket: string; readonly prefix?: string | undefined }
}

/** These are the use cases around batches. Each throws AppError for what a caller can act on. */
export interface Batches {
  submit(
    request: BatchRequest,
    idempotency: IdempotencyKey | null,
    caller: Caller,
  ): Promise<{ batch: BatchAnswer; replayed: boolean }>
  get(batchId: string): Promise<BatchAnswer>
  list(page: PageRequest): Promise<Page<BatchAnswer>>
  control(batchId: string, verb: Verb, caller: Caller): Promise<BatchAnswer>
  problems(batchId: string, page: PageRequest): Promise<Page<BatchProblem>>
  /** Returns what a dry run would have sent. */
  planned(batchId: string, page: PageRequest): Promise<Page<PlannedFile>>
  /** Forgets a settled batch and its jobs. */
  remove(batchId: string, caller: Caller): Promise<void>
  /**
   * Returns every job of the batch, the newest first, each read as it is taken, and behind them the jobs that were
   * deleted before the batch.
   */
  manifest(batchId: string): Promise<AsyncIterable<JobAnswer>>
}

interface Deps {
  readonly store: BatchStore & Pick<JobStore, 'list'>
  readonly walker: Pick<DirectoryWalker, 'check'>
  readonly progress: Pick<ProgressBoard, 'batchBytesInFlight'>
  readonly board: Pick<NodeBoard, 'placeOf'>
  readonly newId: () => string
  readonly logger: Logger
  readonly webhooks: Pick<WebhookSender, 'refusal'> | null
  readonly defaults: JobDefaults
  /** This is called when there is something to walk. */
  onWork(): void
  /** This is called when a verb for the jobs of a batch was begun. */
  onVerb(verb: BulkVerb): void
}

const manifestPage = 200
/** So many rows are forgotten in one go, and other requests wait a few milliseconds for it. */
const removeStep = 200

const batchNotFound = (batchId: string): AppError =>
  new AppError('batch_not_found', `There is no batch ${JSON.stringify(batchId)}: it was never made, or was forgotten`)

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Returns the prefix with the slash that it may lack. */
const slashed = (prefix: string): string => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`)

const filesOf = ({ source }: BatchRequest, prefix: string): readonly BatchFile[] => {
  if (!('files' in source)) return []
  return source.files.map((file) => {
    const { path, key } = typeof file === 'string' ? { path: file, key: undefined } : file
    return { path, key: prefix + (key ?? nameOf(path)) }
  })
}

const sourceOf = ({ source }: BatchRequest): NewBatch['source'] =>
  'files' in source
    ? { kind: 'files' }
    : {
        kind: 'dir',
        dir: source.dir,
        include: source.include ?? [],
        exclude: source.exclude ?? [],
        followSymlinks: source.followSymlinks ?? false,
      }

export const createBatches = (deps: Deps): Batches => {
  const { store, walker, defaults } = deps

  const mustGet = async (batchId: string): Promise<Batch> => {
    const batch = await store.getBatch(batchId)
    if (batch === null) throw batchNotFound(batchId)
    return batch
  }

  const view = async (batch: Batch): Promise<BatchAnswer> => {
    const inFlight = batch.finishedAt === null ? deps.progress.batchBytesInFlight(batch.id) : 0
    if (batch.problems === 0) return answerBatch(batch, [], inFlight)
    const { items } = await store.batchProblems(batch.id, { limit: shownProblems, cursor: null })
    return answerBatch(batch, items, inFlight)
  }

  /**
   * Throws AppError when the daemon or the token may not write below the prefix. Every key begins with the prefix, so
   * what holds for the prefix holds for all keys.
   */
  const assertAllowed = (bucket: string, prefix: string, caller: Caller): void => {
    if (!isTargetAllowed(defaults.allowedTargets, bucket, prefix)) {
      const text = `This daemon may not write everything below ${bucket}/${prefix} (LONGSHORE_ALLOWED_TARGETS)`
      throw new AppError('target_not_allowed', text)
    }
    if (!mayWrite(caller, { bucket, key: prefix })) {
      const text = `This token may not write everything below ${bucket}/${prefix}: it is bound to other targets`
      throw new AppError('target_not_allowed', text)
    }
  }

  const assertMayControl = (caller: Caller, { target, template }: Batch): void => {
    const { bucket, prefix } = target
    if (mayControl(caller, { target: { bucket, key: prefix }, options: template.options })) return
    throw new AppError('forbidden', 'This token is bound to other roots or targets than those of the batch')
  }

  /** A list is this node's as soon as one of its files is. */
  const placeOf = ({ source }: BatchRequest): string | null => {
    if ('dir' in source) return deps.board.placeOf(source.dir)
    const places = source.files.map((file) => deps.board.placeOf(typeof file === 'string' ? file : file.path))
    return places.find((place) => place !== null) ?? null
  }

  const build = async (
    request: BatchRequest,
    prefix: string,
    caller: Caller,
  ): Promise<{ batch: NewBatch; files: readonly BatchFile[] }> => {
    const { bucket } = request.target
    const webhook = subscriptionOf(request.webhook, deps.webhooks)
    if ('dir' in request.source) {
      const path = request.source.dir
      await walker.check(path, caller.roots ?? undefined).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error
        logRefusal(deps.logger, path, error)
        throw sourceUnavailable('directory', path, error)
      })
    }
    const batch = {
      id: deps.newId(),
      source: sourceOf(request),
      place: placeOf(request),
      target: { bucket, prefix, endpoint: defaults.endpoint, region: defaults.region },
      template: templateOf(request, defaults, { roots: caller.roots, webhook }),
      ...ownFieldsOf(request),
      by: caller.name,
    }
    return { batch, files: filesOf(request, prefix) }
  }

  async function* jobsOf(batchId: string): AsyncGenerator<JobAnswer> {
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<JobStore['list']>> = await store.list({ batchId }, { limit: manifestPage, cursor })
      for (const job of page.items) yield answerJob(job)
      cursor = page.nextCursor
    } while (cursor !== null)
    do {
      const page: Page<JobAnswer> = await store.deletedJobs(batchId, { limit: manifestPage, cursor })
      yield* page.items
      cursor = page.nextCursor
    } while (cursor !== null)
  }

  return {
    async submit(request, idempotency, caller) {
      const prefix = slashed(request.target.prefix ?? '')
      assertAllowed(request.target.bucket, prefix, caller)
      if (idempotency !== null) {
        const found = await store.findBatchByIdempotencyKey(idempotency.key)
        if (found !== null && found.fingerprint !== idempotency.fingerprint) throw idempotencyMismatch()
        if (found !== null) return { batch: await view(found.batch), replayed: true }
      }
      const { batch, files } = await build(request, prefix, caller)
      const result = await store.submitBatch(batch, files, idempotency)
      if (result.kind === 'mismatch') throw idempotencyMismatch()
      deps.onWork()
      return { batch: await view(result.batch), replayed: result.kind === 'replayed' }
    },

    get: async (batchId) => view(await mustGet(batchId)),

    async list(page) {
      const found = await store.listBatches(page)
      return { items: await Promise.all(found.items.map(view)), nextCursor: found.nextCursor }
    },

    async control(batchId, verb, caller) {
      assertMayControl(caller, await mustGet(batchId))
      const result = await store.controlBatch(batchId, verb, caller.name)
      if (result.kind === 'not_found') throw batchNotFound(batchId)
      if (result.kind === 'invalid_state') {
        const { batchRefusal } = verbWords[verb]
        throw new AppError('invalid_state', `The batch is ${batchStateOf(result.batch)}: ${batchRefusal}`)
      }
      deps.onWork()
      if (result.verb !== null) deps.onVerb(result.verb)
      return view(result.batch)
    },

    async remove(batchId, caller) {
      assertMayControl(caller, await mustGet(batchId))
      let result = await store.removeBatch(batchId, removeStep, caller.name)
      if (result === 'not_found') throw batchNotFound(batchId)
      if (result === 'invalid_state') {
        throw new AppError('invalid_state', 'Only a settled batch can be deleted: wait for it, or cancel it first')
      }
      // Another request, or the pruner, may forget the rest of it meanwhile.
      while (result === 'more') result = await store.removeBatch(batchId, removeStep, caller.name)
    },

    async problems(batchId, page) {
      await mustGet(batchId)
      return store.batchProblems(batchId, page)
    },

    async planned(batchId, page) {
      await mustGet(batchId)
      return store.plannedFiles(batchId, page)
    },

    async manifest(batchId) {
      await mustGet(batchId)
      return jobsOf(batchId)
    },
  }
}
