import type { Batch } from '../batch.js'
import type { Job } from '../job.js'
import { ready, type Step, unchanged } from '../job-steps.js'
import type { BatchStep, VerbLaw } from './law.js'

const pauseJob = (job: Job): Step | 'invalid_state' => {
  if (job.state === 'queued' && job.removal !== null) return unchanged(job)
  switch (job.state) {
    case 'queued':
      return { job: { ...job, ...ready, state: 'paused', desired: 'pause' }, event: 'job.paused' }
    case 'running':
      return job.desired === 'pause' ? unchanged(job) : { job: { ...job, desired: 'pause' }, event: 'job.updated' }
    case 'paused':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

const pauseBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // The verb is given to the jobs of a paused batch again, because single jobs may have been resumed since.
  return { ...batch, desired: 'pause' }
}

export const pause: VerbLaw = {
  step: (job) => pauseJob(job),
  batch: pauseBatch,
  reaches: ['queued', 'running'],
  batches: ['scanning', 'running'],
  awaitsCompletion: true,
  needsSource: false,
  bringsBack: false,
  tellsBatches: true,
  restsInPausedBatch: false,
  holdsClaims: true,
  overrules: ['resume', 'retry'],
  speaksForAll: true,
  replaces: ['pause', 'resume'],
}
