import { type Batch, batchStateOf } from '../batch.js'
import { dueSource, type FingerprintNow, type Job } from '../job.js'
import { type Step, toQueue, unchanged } from '../job-steps.js'
import { withFingerprint } from '../source-steps.js'
import type { BatchStep, VerbLaw } from './law.js'

/**
 * Retries a job: `failed -> queued`. It goes on with the source as it is now (`withFingerprint`). Where the source is
 * not seen from here, everything stays as it is until the run that claims the job has taken the fingerprint.
 */
const retryJob = (
  job: Job,
  fingerprint: FingerprintNow,
  notBefore: number | null,
  at: number,
): Step | 'invalid_state' => {
  if (job.state === 'queued' || job.state === 'running' || job.state === 'completing') return unchanged(job)
  if (job.state !== 'failed') return 'invalid_state'
  const fresh: Job = { ...job, attempts: 0, restarts: 0, error: null, receipt: null, finishedAt: null }
  const { job: next, parts } =
    fingerprint === 'due'
      ? { job: { ...fresh, source: dueSource(job) }, parts: null }
      : withFingerprint(fresh, fingerprint)
  return { ...toQueue(next, { waiting: 'notBefore', dueAt: notBefore }, at), parts }
}

/** Retries a batch. While the batch is not finished, the retry is for the jobs that have failed until now. */
const retryBatch = (batch: Batch): BatchStep => {
  if (batch.desired !== 'run') return 'invalid_state'
  if (batch.finishedAt !== null && batchStateOf(batch) !== 'failed') return 'invalid_state'
  if (batch.underway.includes('retry') || batch.counts.failed + batch.problems === 0) return batch
  return { ...batch, finishedAt: null }
}

export const retry: VerbLaw = {
  step: (job, fingerprint, at) => retryJob(job, fingerprint, job.notBefore, at),
  batch: retryBatch,
  reaches: ['failed'],
  batches: ['failed'],
  awaitsCompletion: false,
  needsSource: true,
  bringsBack: true,
  tellsBatches: false,
  restsInPausedBatch: true,
  holdsClaims: false,
  overrules: ['pause'],
  speaksForAll: false,
  replaces: ['retry'],
}
