import { AppError } from '../../core/app-error.js'
import { Failure } from '../../core/failure.js'
import type { JobTarget } from '../../core/job.js'
import { type BucketPrefix, isTargetAllowed } from '../../core/object-key.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { OrphanStore, UploadTrace } from '../../ports/orphan-store.js'
import type { Page, PageRequest } from '../../ports/page.js'
import type { OpenUpload, Payer, Target, Targets, UploadRef } from '../../ports/target.js'
import { mapLimited } from '../async/map-limited.js'
import { removeUpload } from '../upload/remove-upload.js'
import { readPosition, touchable, writePosition } from './orphan-positions.js'
import { type OrphanView, refusalOf, viewOrphan } from './orphan-view.js'

/** `gone`: OSS did not know it any more. `refused`: it must not be removed. `failed`: OSS did not do it; try again. */
export const abortResults = ['aborted', 'gone', 'refused', 'failed'] as const

export interface AbortAnswer extends Omit<UploadRef, 'payer'> {
  readonly result: (typeof abortResults)[number]
  /** Why it was refused or failed. */
  readonly reason: string | null
}

/** Lists open multipart uploads in OSS, says whose they are, and removes them. */
export interface Orphans {
  /**
   * Lists by bucket, then key. When `bucket` is null, every bucket that jobs were made for is listed. Throws AppError `oss_unavailable`,
   * `oss_refused`, `target_not_allowed`, and `invalid_request` for a bucket that does not exist.
   */
  list(bucket: string | null, page: PageRequest, payer?: Payer): Promise<Page<OrphanView>>
  /** Answers in the order of `uploads`. Unknown uploads need `force`; uploads of unsettled jobs are refused. */
  abort(uploads: readonly UploadRef[], force: boolean, payer?: Payer): Promise<readonly AbortAnswer[]>
}

interface Deps {
  readonly store: OrphanStore
  readonly targets: Targets
  readonly clock: Clock
  readonly logger: Logger
  /** Where OSS is asked. */
  readonly endpoint: Pick<JobTarget, 'endpoint' | 'region'>
  readonly allowedTargets: readonly BucketPrefix[]
}

/** One page asks OSS for so many lists at the most: with very many empty prefixes a short page is better than a late one. */
const maxLists = 20
/** The bytes of so many uploads of a page are counted, as far as the time allows. */
const maxCounted = 100
const countMs = 10_000
const answerMs = 25_000
const inFlight = 4

/** References and requests carry this when the requester pays. */
type Paid = { readonly payer?: Payer }
const paidBy = (payer: Payer | undefined): Paid => (payer === undefined ? {} : { payer })

const isMissingBucket = (error: unknown): boolean => error instanceof Failure && error.code === 'no_such_bucket'
const isLost = (error: unknown): boolean => error instanceof Failure && error.kind === 'lost'

const noAnswer = (detail: string): AppError => new AppError('oss_unavailable', detail, { retryAfterSeconds: 10 })

/** Returns what the caller is told when OSS refuses or is silent. */
const tell = (error: unknown): unknown => {
  if (!(error instanceof Failure)) return error
  return error.kind === 'permanent' ? new AppError('oss_refused', error.message) : noAnswer(error.message)
}

export const createOrphans = (deps: Deps): Orphans => {
  const { store, clock, logger, allowedTargets } = deps

  const within = async <T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const over = new AbortController()
    const done = new AbortController()
    void clock.sleep(ms, done.signal).then(
      () => over.abort(noAnswer('OSS did not answer in time')),
      () => {},
    )
    try {
      return await work(over.signal)
    } finally {
      done.abort()
    }
  }

  /** Returns up to `limit` uploads from a position on, and where to go on. */
  const collect = async (
    target: Target,
    prefixes: readonly BucketPrefix[],
    { limit, cursor }: PageRequest,
    passOverMissing: boolean,
    paid: Paid,
    signal: AbortSignal,
  ): Promise<{ readonly uploads: readonly OpenUpload[]; readonly nextCursor: string | null }> => {
    const uploads: OpenUpload[] = []
    let { index, after } = readPosition(prefixes, cursor)
    for (let lists = 0; lists < maxLists && uploads.length < limit; lists++) {
      const at = prefixes[index]
      if (at === undefined) break
      const request = { ...paid, prefix: at.prefix, after, limit: limit - uploads.length }
      const page = await target.listUploads(at.bucket, request, signal).catch((error: unknown) => {
        // A bucket that is gone took its uploads with it.
        if (passOverMissing && isMissingBucket(error)) return { uploads: [], next: null }
        throw error
      })
      uploads.push(...page.uploads)
      after = page.next
      if (after === null) index++
    }
    return { uploads, nextCursor: writePosition(prefixes, { index, after }) }
  }

  /** Returns the bytes of each upload, `gone` when it vanished meanwhile, and null when nothing was counted. */
  const countBytes = (
    target: Target,
    uploads: readonly OpenUpload[],
    paid: Paid,
  ): Promise<readonly (number | 'gone' | null)[]> =>
    within(countMs, (signal) =>
      mapLimited(uploads, inFlight, async (upload, index) => {
        if (index >= maxCounted || signal.aborted) return null
        try {
          return (await target.listParts({ ...upload, ...paid }, signal)).reduce((sum, { size }) => sum + size, 0)
        } catch (error) {
          return isLost(error) ? 'gone' : null
        }
      }),
    )

  const remove = async (target: Target, upload: UploadRef, signal: AbortSignal): Promise<'aborted' | 'gone'> => {
    const { wasThere } = await removeUpload(upload, {
      abort: (ref) => target.abort(ref, signal),
      listParts: (ref) => target.listParts(ref, signal),
    })
    return wasThere ? 'aborted' : 'gone'
  }

  /** Returns why this upload must stay. Null: it may be removed, and no job can go on with it from then on. */
  const claimOf = async (upload: UploadRef, trace: UploadTrace, force: boolean): Promise<string | null> => {
    if (!isTargetAllowed(allowedTargets, upload.bucket, upload.key)) {
      return `This daemon may not touch ${upload.bucket}/${upload.key} (LONGSHORE_ALLOWED_TARGETS)`
    }
    const refusal = refusalOf(trace, force)
    if (refusal !== null || trace.kind !== 'job' || trace.state !== 'failed') return refusal
    const taken = await store.abandonUploads({ jobId: trace.jobId, uploadId: upload.uploadId })
    return taken === 1 ? null : `Job ${trace.jobId} has just been started again`
  }

  const abortOne = async (
    upload: UploadRef,
    trace: UploadTrace,
    force: boolean,
    paid: Paid,
    signal: AbortSignal,
  ): Promise<AbortAnswer> => {
    const refusal = await claimOf(upload, trace, force)
    if (refusal !== null) return { ...upload, result: 'refused', reason: refusal }
    try {
      const result = await remove(deps.targets.for(deps.endpoint), { ...upload, ...paid }, signal)
      // A cancelled job shows what it left, so that is forgotten at once. What other jobs gave up is forgotten by the janitor;
      // until then a repeat is answered `gone`.
      if (trace.kind === 'job' && trace.state === 'cancelled') await store.forgetAbandoned(upload.uploadId)
      logger.info({ ...upload, owner: trace.kind, force, result }, 'An open upload was removed on request')
      return { ...upload, result, reason: null }
    } catch (error) {
      if (!(error instanceof Failure) && !signal.aborted) throw error
      return { ...upload, result: 'failed', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    async list(bucket, page, payer) {
      const paid = paidBy(payer)
      const buckets = bucket === null ? await store.buckets() : [bucket]
      const prefixes = touchable(buckets, allowedTargets)
      if (bucket !== null && prefixes.length === 0) {
        throw new AppError('target_not_allowed', `This daemon may not touch ${bucket} (LONGSHORE_ALLOWED_TARGETS)`)
      }
      const target = deps.targets.for(deps.endpoint)
      const { uploads, nextCursor } = await within(answerMs - countMs, (signal) =>
        collect(target, prefixes, page, bucket === null, paid, signal),
      ).catch((error: unknown) => {
        if (bucket === null || !isMissingBucket(error)) throw tell(error)
        throw new AppError('invalid_request', `OSS knows no bucket ${bucket} at this endpoint`, {
          errors: [{ path: 'bucket', message: 'does not exist' }],
        })
      })
      const [traces, bytes] = await Promise.all([store.traceUploads(uploads), countBytes(target, uploads, paid)])
      const items = uploads.flatMap((upload, index) => {
        const [trace, size = null] = [traces[index], bytes[index]]
        return trace === undefined || size === 'gone' ? [] : [viewOrphan(upload, trace, size, clock.now())]
      })
      return { items, nextCursor }
    },

    async abort(uploads, force, payer) {
      const paid = paidBy(payer)
      const traces = await store.traceUploads(uploads)
      return within(answerMs, (signal) =>
        mapLimited(uploads, inFlight, (upload, index) => {
          const trace: UploadTrace = traces[index] ?? { kind: 'unknown', initiates: [] }
          return abortOne(upload, trace, force, paid, signal)
        }),
      )
    },
  }
}
