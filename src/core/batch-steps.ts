import { type Batch, batchStateOf } from './batch.js'

/** A step returns the same object when there is nothing to do. */
export type BatchStep = Batch | 'invalid_state'

export const pauseBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // The verb is given to the jobs of a paused batch again, because single jobs may have been resumed since.
  return { ...batch, desired: 'pause' }
}

export const resumeBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // The verb is given to the jobs of a running batch too, because they may have been paused one by one or by a filter.
  return { ...batch, desired: 'run' }
}

export const cancelBatch = (batch: Batch): BatchStep => {
  if (batch.desired === 'cancel') return batchStateOf(batch) === 'completed' ? 'invalid_state' : batch
  if (batch.finishedAt !== null && batchStateOf(batch) === 'completed') return 'invalid_state'
  return { ...batch, desired: 'cancel', walk: batch.walk === 'going' ? 'stopped' : batch.walk, finishedAt: null }
}

/** Retries a batch. While the batch is not finished, the retry is for the jobs that have failed until now. */
export const retryBatch = (batch: Batch): BatchStep => {
  if (batch.desired !== 'run') return 'invalid_state'
  if (batch.finishedAt !== null && batchStateOf(batch) !== 'failed') return 'invalid_state'
  if (batch.underway.includes('retry') || batch.counts.failed + batch.problems === 0) return batch
  return { ...batch, finishedAt: null }
}
