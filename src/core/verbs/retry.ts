import { type Batch, batchStateOf } from '../batch.js'
import { type Fingerprint, type Job, sourceWith } from '../job.js'
import { dropped, noUpload, type Step, toQueue, unchanged } from '../job-steps.js'
import type { BatchStep, VerbLaw } from './law.js'

/**
 * Returns whether both are the same source. `dev` changes by a remount and ctime by a chmod, and neither alone makes it
 * another file. A run hashes the file again when it is in doubt.
 */
const isSameSource = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs

/** Returns whether the id of a multipart upload was taken away. The parts of such an upload are history. */
const isAbandoned = ({ upload, intent }: Job): boolean =>
  upload?.mode === 'multipart' && upload.uploadId === null && intent !== 'initiate'

/**
 * Retries a job: `failed -> queued`. An unchanged source keeps its upload, unless the upload was abandoned. A changed
 * source is planned anew: an upload that OSS knows gets the intent `abort`, so that the next run removes it first, and
 * any other upload is forgotten.
 */
const retryJob = (job: Job, fingerprint: Fingerprint, notBefore: number | null, at: number): Step | 'invalid_state' => {
  if (job.state === 'queued' || job.state === 'running' || job.state === 'completing') return unchanged(job)
  if (job.state !== 'failed') return 'invalid_state'
  const fresh: Job = { ...job, attempts: 0, restarts: 0, error: null, receipt: null, finishedAt: null }
  const again = (next: Job): Step => toQueue(next, { waiting: 'notBefore', dueAt: notBefore }, at)
  if (isSameSource(job.source.fingerprint, fingerprint)) {
    return isAbandoned(job) ? { ...again({ ...fresh, ...noUpload }), parts: dropped } : again(fresh)
  }
  const source = sourceWith(job, fingerprint)
  if (job.upload?.uploadId == null) return { ...again({ ...fresh, ...noUpload, source }), parts: dropped }
  return {
    ...again({ ...fresh, source, intent: 'abort', bytesUploaded: 0, partsUploaded: 0 }),
    parts: { kind: 'reset' },
  }
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
