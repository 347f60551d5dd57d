import type { Batch } from '../batch.js'
import type { Job } from '../job.js'
import { type Step, toQueue, unchanged } from '../job-steps.js'
import type { BatchStep, VerbLaw } from './law.js'

/** `notBefore` is the instant that the job was submitted with. While it lies ahead, the job waits for it again. */
const resumeJob = (job: Job, notBefore: number | null, at: number): Step | 'invalid_state' => {
  switch (job.state) {
    case 'paused':
      return toQueue(job, { waiting: 'notBefore', dueAt: notBefore }, at)
    case 'running':
      return job.desired === 'run' ? unchanged(job) : { job: { ...job, desired: 'run' }, event: 'job.updated' }
    case 'queued':
    case 'completing':
      return unchanged(job)
    default:
      return 'invalid_state'
  }
}

const resumeBatch = (batch: Batch): BatchStep => {
  if (batch.finishedAt !== null || batch.desired === 'cancel') return 'invalid_state'
  // The verb is given to the jobs of a running batch too, because they may have been paused one by one or by a filter.
  return { ...batch, desired: 'run' }
}

export const resume: VerbLaw = {
  step: (job, _fingerprint, at) => resumeJob(job, job.notBefore, at),
  batch: resumeBatch,
  reaches: ['paused'],
  batches: ['paused'],
  awaitsCompletion: false,
  needsSource: false,
  bringsBack: false,
  tellsBatches: true,
  restsInPausedBatch: false,
  holdsClaims: false,
  overrules: ['pause'],
  speaksForAll: true,
  replaces: ['pause', 'resume'],
}
