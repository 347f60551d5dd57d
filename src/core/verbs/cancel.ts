import { type Batch, batchStateOf } from '../batch.js'
import type { Job } from '../job.js'
import { ready, type Step, unchanged } from '../job-steps.js'
import type { BatchStep, VerbLaw } from './law.js'

/** Cancels a job. A failed job keeps its error and its receipt, because they are still true. */
const cancelJob = (job: Job): Step | 'invalid_state' => {
  switch (job.state) {
    case 'queued':
    case 'running':
    case 'paused':
    case 'failed':
      return {
        job: { ...job, ...ready, state: 'cancelling', desired: 'cancel', finishedAt: null },
        event: 'job.cancelling',
      }
    case 'cancelling':
    case 'cancelled':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

const cancelBatch = (batch: Batch): BatchStep => {
  if (batch.desired === 'cancel') return batchStateOf(batch) === 'completed' ? 'invalid_state' : batch
  if (batch.finishedAt !== null && batchStateOf(batch) === 'completed') return 'invalid_state'
  return { ...batch, desired: 'cancel', walk: batch.walk === 'going' ? 'stopped' : batch.walk, finishedAt: null }
}

export const cancel: VerbLaw = {
  step: (job) => cancelJob(job),
  batch: cancelBatch,
  reaches: ['queued', 'running', 'paused', 'failed'],
  batches: ['scanning', 'running', 'paused'],
  awaitsCompletion: true,
  needsSource: false,
  bringsBack: false,
  tellsBatches: true,
  restsInPausedBatch: false,
  holdsClaims: false,
  // No verb that was given before takes a cancel back, so it need not be stopped.
  overrules: [],
  speaksForAll: true,
  replaces: ['pause', 'resume', 'cancel', 'retry'],
}
