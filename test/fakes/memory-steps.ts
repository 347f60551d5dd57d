import type { Job } from '../../src/core/job.js'
import {
  cancelJob,
  completeJob,
  failJob,
  pauseJob,
  resumeJob,
  retryJob,
  type Step,
  settleCancel,
} from '../../src/core/job-steps.js'
import type { ControlRequest, Finish, JobFilter } from '../../src/ports/store.js'

export const controlled = (
  job: Job,
  notBefore: number | null,
  request: ControlRequest,
  at: number,
): Step | 'invalid_state' => {
  switch (request.verb) {
    case 'pause':
      return pauseJob(job)
    case 'resume':
      return resumeJob(job, notBefore, at)
    case 'cancel':
      return cancelJob(job)
    case 'retry':
      return retryJob(job, request.fingerprint, notBefore, at)
  }
}

export const settled = (job: Job, finish: Finish, at: number): Step | 'unwanted' => {
  switch (finish.to) {
    case 'completed':
      return completeJob(job, finish.outcome, finish.receipt, at)
    case 'failed':
      return failJob(job, finish.error, finish.receipt, at)
    case 'cancelled':
      return settleCancel(job, at)
  }
}

export const matches = (job: Job, { states, bucket, batchId, labels, source, since, ids }: JobFilter): boolean =>
  (states?.includes(job.state) ?? true) &&
  (bucket === undefined || job.target.bucket === bucket) &&
  (batchId === undefined || job.batchId === batchId) &&
  (source === undefined ||
    job.source.path === source ||
    (source.endsWith('/') && job.source.path.startsWith(source))) &&
  (since === undefined || job.createdAt >= since) &&
  (ids === undefined || ids.includes(job.id)) &&
  (labels ?? []).every(({ key, value }) =>
    value === null ? Object.hasOwn(job.labels, key) : Object.hasOwn(job.labels, key) && job.labels[key] === value,
  )
