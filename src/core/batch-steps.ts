import { type Batch, batchStateOf, type SteeringVerb } from './batch.js'

export const batchVerbs = ['pause', 'resume', 'cancel', 'retry'] as const
export type BatchVerb = (typeof batchVerbs)[number]

type BatchStep = Batch | 'invalid_state'

const pauseBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // Also when it is paused: single jobs of it may have been resumed since.
  return { ...batch, desired: 'pause', steering: 'pause' }
}

const resumeBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // Also when it runs: its jobs may have been paused one by one, or by a filter.
  return { ...batch, desired: 'run', steering: 'resume' }
}

const cancelBatch = (batch: Batch): BatchStep => {
  if (batch.desired === 'cancel') return batchStateOf(batch) === 'completed' ? 'invalid_state' : batch
  if (batch.finishedAt !== null && batchStateOf(batch) === 'completed') return 'invalid_state'
  const walk = batch.walk === 'going' ? 'stopped' : batch.walk
  return { ...batch, desired: 'cancel', steering: 'cancel', retryAt: null, walk, finishedAt: null }
}

/** Of an unfinished batch: of what has failed until now. */
const retryBatch = (batch: Batch, at: number): BatchStep => {
  if (batch.desired !== 'run') return 'invalid_state'
  if (batch.finishedAt !== null && batchStateOf(batch) !== 'failed') return 'invalid_state'
  if (batch.retryAt !== null || batch.counts.failed + batch.problems === 0) return batch
  return { ...batch, retryAt: at, finishedAt: null }
}

/**
 * Whether what is asked of one job of a batch goes against a verb of the batch that may not have reached it yet: the later
 * wish stands. A cancel of the batch is for all of its jobs, whatever is asked of one.
 */
export const standsAgainst = (asked: BatchVerb, steering: SteeringVerb | null): boolean =>
  steering === 'pause' ? asked === 'resume' || asked === 'retry' : steering === 'resume' && asked === 'pause'

/** What a verb makes of the batch itself; its jobs follow in steps. The same object when there is nothing to do. */
export const steerBatch = (batch: Batch, verb: BatchVerb, at: number): BatchStep => {
  switch (verb) {
    case 'pause':
      return pauseBatch(batch)
    case 'resume':
      return resumeBatch(batch)
    case 'cancel':
      return cancelBatch(batch)
    case 'retry':
      return retryBatch(batch, at)
  }
}
