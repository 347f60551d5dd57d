import type { Batch } from '../../core/batch.js'
import { Failure } from '../../core/failure.js'
import { type Job, pathOf } from '../../core/job.js'
import type { BatchStore } from '../../ports/batch-store.js'
import type { JobStore } from '../../ports/job-store.js'
import type { Logger } from '../../ports/logger.js'
import type { SourceOpener } from '../../ports/source.js'
import { mapLimited } from '../async/map-limited.js'
import { fingerprintSource } from '../storage/fingerprint-source.js'
import { logRefusal } from '../use-cases/source-refusal.js'

export interface RetryDeps {
  readonly store: Pick<JobStore, 'list' | 'control'> & Pick<BatchStore, 'endRetry'>
  readonly sources: SourceOpener
  readonly logger: Logger
}

const pageSize = 100
const atOnce = 8

/**
 * Tries every job of a batch again that had failed when that was asked for. One whose source is gone, or whose object another
 * job is writing, stays failed. Begun anew it finds those that are left.
 */
export const retryBatch = async (
  { id, retryAt, steeredBy }: Batch & { readonly retryAt: number },
  { store, sources, logger }: RetryDeps,
  signal: AbortSignal,
): Promise<void> => {
  const retry = async (job: Job): Promise<void> => {
    // What failed since has had its retry.
    if (job.finishedAt === null || job.finishedAt > retryAt) return
    try {
      const fingerprint = await fingerprintSource(sources, pathOf(job), job.options.roots)
      await store.control(job.id, { verb: 'retry', fingerprint }, steeredBy)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      logRefusal(logger.child({ batchId: id, jobId: job.id }), pathOf(job), error)
    }
  }

  let cursor: string | null = null
  do {
    signal.throwIfAborted()
    const page: Awaited<ReturnType<JobStore['list']>> = await store.list(
      { batchId: id, states: ['failed'] },
      { limit: pageSize, cursor },
    )
    await mapLimited(page.items, atOnce, retry)
    cursor = page.nextCursor
  } while (cursor !== null)
  await store.endRetry(id, retryAt)
}
