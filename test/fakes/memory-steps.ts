import { isSettled, type Job, type JobState, jobStates, type Receipt } from '../../src/core/job.js'
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
import type { ControlRequest, Finish, JobFilter, StoreStats } from '../../src/ports/store.js'

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

/** Of those that finished before, the oldest, as many as have `limit` rows together, but at least one. */
export const prunedFirst = <T extends { readonly job: Job; readonly parts: readonly unknown[] }>(
  rows: readonly T[],
  before: number,
  limit: number,
): readonly T[] => {
  let size = 0
  return rows
    .filter(({ job }) => job.finishedAt !== null && job.finishedAt < before)
    .sort((a, b) => (a.job.finishedAt ?? 0) - (b.job.finishedAt ?? 0))
    .filter(({ parts }, index) => {
      size += 1 + parts.length
      return index === 0 || size <= limit
    })
}

export const statsOf = (all: readonly Job[]): StoreStats => {
  const jobs = Object.fromEntries(jobStates.map((state) => [state, 0])) as Record<JobState, number>
  let bytesPending = 0
  for (const { state, source, bytesUploaded } of all) {
    jobs[state]++
    if (!isSettled(state)) bytesPending += source.fingerprint.size - bytesUploaded
  }
  return { jobs, bytesPending }
}

/** The one part of a put, as its receipt tells it. */
export const provenBy = (receipt: Receipt) =>
  ({
    state: 'uploaded',
    etag: receipt.etag,
    crc64: receipt.crc64,
    proven: receipt.serverCrc64 !== null,
    attempts: 1,
    uploadedAt: receipt.completedAt,
  }) as const
