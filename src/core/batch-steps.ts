import { type Batch, batchStateOf } from './batch.js'

/** The same object when there is nothing to do. */
export type BatchStep = Batch | 'invalid_state'

export const pauseBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // A batch that is paused is told again, because single jobs of it may have been resumed since.
  return { ...batch, desired: 'pause' }
}

export const resumeBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // A batch that runs is told too, because its jobs may have been paused one by one or by a filter.
  return { ...batch, desired: 'run' }
}

export const cancelBatch = (batch: Batch): BatchStep => {
  if (batch.desired === 'cancel') return batchStateOf(batch) === 'completed' ? 'invalid_state' : batch
  if (batch.finishedAt !== null && batchStateOf(batch) === 'completed') return 'invalid_state'
  return { ...batch, desired: 'cancel', walk: batch.walk === 'going' ? 'stopped' : batch.walk, finishedAt: null }
}

/** The retry of a batch that is not finished is for what has failed until now. */
export const retryBatch = (batch: Batch): BatchStep => {
  if (batch.desired !== 'run') return 'invalid_state'
  if (batch.finishedAt !== null && batchStateOf(batch) !== 'failed') return 'invalid_state'
  if (batch.underway.includes('retry') || batch.counts.failed + batch.problems === 0) return batch
  return { ...batch, finishedAt: null }
}
