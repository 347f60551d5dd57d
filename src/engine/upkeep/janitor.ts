import { janitorChore } from '../../core/chore.js'
import { Failure } from '../../core/failure.js'
import { doubled } from '../../core/retry.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { AbandonedUpload, OrphanStore } from '../../ports/orphan-store.js'
import type { Page } from '../../ports/page.js'
import type { Targets, UploadRef } from '../../ports/target.js'
import { type Agent, createAgent } from '../async/agent.js'
import type { Chores } from '../storage/chores.js'
import { type RemovalRequests, removeUpload } from '../upload/remove-upload.js'

export interface JanitorDeps {
  readonly store: OrphanStore
  readonly targets: Targets
  readonly chores: Chores
  readonly clock: Clock
  readonly logger: Logger
  /** A job must have failed for so long before its upload is given up. */
  readonly abandonedAfterMs: number
}

const firstRoundMs = 10_000
const longestIntervalMs = 3_600_000
const shortestIntervalMs = 1_000
const firstBackoffMs = 60_000
/** One step takes so many rows, so that writers never wait long. */
const step = 50
/** This long after an unanswered Initiate, the question whether an upload may have come from it no longer matters. */
const suspicionMs = 90 * 86_400_000

/** Returns a tenth of what was asked for, so that nothing is removed much later than that. */
const intervalOf = (abandonedAfterMs: number): number =>
  Math.min(longestIntervalMs, Math.max(shortestIntervalMs, abandonedAfterMs / 10))

/** Returns a key for uploads that fail and recover together. */
const pairOf = ({ target }: AbandonedUpload): string => `${target.endpoint} ${target.bucket}`

/**
 * Returns whether a failure says something about one upload only, and not about its whole bucket. A policy may forbid
 * one prefix and allow the next.
 */
const isParticular = (failure: Failure): boolean => failure.kind === 'permanent'

/**
 * Creates the agent that removes from OSS what failed and cancelled jobs left there, and nothing else. It makes one
 * request at a time, beside the uploads, and one node at a time does it. What a job gives up is committed before OSS is
 * told, so a retry that comes first keeps its upload, a retry that comes later begins anew, and a crash in between
 * forgets nothing.
 */
export const createJanitor = (deps: JanitorDeps): Agent => {
  const { store, clock, logger, abandonedAfterMs } = deps
  const intervalMs = intervalOf(abandonedAfterMs)
  /** This counts rounds in a row that left something in OSS. */
  let unfinished = 0

  /** Repeats a step until it finds less than it may take. */
  const inSteps = async (take: () => Promise<number>, signal: AbortSignal): Promise<number> => {
    let total = 0
    for (let taken = step; taken === step && !signal.aborted; total += taken) taken = await take()
    return total
  }

  const removeOne = async (abandoned: AbandonedUpload, signal: AbortSignal): Promise<Failure | null> => {
    const { jobId, target, uploadId } = abandoned
    const oss = deps.targets.for(target)
    const upload: UploadRef = { bucket: target.bucket, key: target.key, uploadId }
    const requests: RemovalRequests = {
      abort: (ref) => oss.abort(ref, signal),
      listParts: (ref) => oss.listParts(ref, signal),
    }
    try {
      await removeUpload(upload, requests).catch(async (error: unknown) => {
        if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
        // The job may be forgotten, and with it whether it agreed to pay. Where requesters pay, only such a job opened
        // an upload.
        await removeUpload({ ...upload, payer: 'requester' }, requests).catch(() => {
          throw error
        })
      })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { kind, ossCode, requestId, message: reason } = error
      logger.warn({ jobId, ...upload, kind, ossCode, requestId, reason }, 'An abandoned upload is still in OSS')
      return error
    }
    await store.forgetAbandoned(uploadId)
    logger.info({ jobId, ...upload }, 'An abandoned upload is aborted and gone')
    return null
  }

  /** Returns true when nothing is left to do. An endpoint that fails once is left alone until the next round. */
  const removeAll = async (signal: AbortSignal): Promise<boolean> => {
    const troubled = new Set<string>()
    let left = false
    let cursor: string | null = null
    do {
      const page: Page<AbandonedUpload> = await store.abandonedUploads({ limit: step, cursor })
      for (const upload of page.items) {
        signal.throwIfAborted()
        const pair = pairOf(upload)
        const failure = troubled.has(pair) ? null : await removeOne(upload, signal)
        if (failure !== null && !isParticular(failure)) troubled.add(pair)
        left ||= failure !== null || troubled.has(pair)
      }
      cursor = page.nextCursor
    } while (cursor !== null)
    return !left
  }

  const round = async (signal: AbortSignal): Promise<number> => {
    const abandoned = await inSteps(() => store.abandonUploads({ olderThanMs: abandonedAfterMs, limit: step }), signal)
    if (abandoned > 0) logger.info({ uploads: abandoned }, 'Uploads of jobs that failed long ago are given up')
    await inSteps(() => store.forgetInitiates(suspicionMs, step), signal)
    // A look is a read, and an idle daemon writes nothing.
    const isAnyLeft = (await store.abandonedUploads({ limit: 1, cursor: null })).items.length > 0
    let isClean = true
    const clean = async (held: AbortSignal): Promise<void> => {
      isClean = await removeAll(held)
    }
    const againInMs = isAnyLeft ? await deps.chores.perform(janitorChore, (_chore, held) => clean(held), signal) : null
    if (againInMs !== null) return Math.min(againInMs, intervalMs)
    unfinished = isClean ? 0 : unfinished + 1
    return unfinished === 0 ? intervalMs : doubled(firstBackoffMs, unfinished - 1, intervalMs)
  }

  return createAgent({
    name: 'janitor',
    clock,
    logger,
    firstInMs: Math.min(firstRoundMs, intervalMs),
    backoff: { firstMs: firstBackoffMs, longestMs: intervalMs },
    round,
  })
}
