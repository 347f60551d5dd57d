import type { Job, NewJob, Receipt } from '../../src/core/job.js'
import { createJob } from '../../src/core/job-steps.js'

const kib = 1024

const request: NewJob = {
  id: 'job-1',
  batchId: null,
  source: {
    kind: 'path',
    path: '/srv/in/a',
    fingerprint: { node: null, dev: '1', ino: '2', size: 300 * kib, mtimeNs: '3', ctimeNs: '4' },
  },
  place: null,
  target: { bucket: 'bucket-a', key: 'a', endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  options: {
    partSize: 100 * kib,
    multipartThreshold: 100 * kib,
    parallel: 4,
    sequential: false,
    headers: { 'Content-Type': 'video/mp4' },
    ifExists: 'overwrite',
    crc64: null,
    notAfter: null,
    onSourceChange: 'fail',
  },
  priority: 0,
  labels: {},
  marker: 'm-1',
  dueAt: null,
}

/** Returns a job of three parts as submit makes it, with some things changed. */
export const jobWith = (changes: Partial<Job> = {}): Job => ({ ...createJob(request, 1_000).job, ...changes })

export const multipart = { mode: 'multipart', uploadId: null, partSize: 100 * kib, partCount: 3 } as const
export const named = { ...multipart, uploadId: 'u1' } as const
export const put = { mode: 'put', uploadId: null, partSize: 300 * kib, partCount: 1 } as const

export const receipt: Receipt = {
  size: 300 * kib,
  crc64: '11051210869376104954',
  serverCrc64: '11051210869376104954',
  proof: 'object',
  etag: 'ETAG',
  versionId: null,
  requestId: 'R1',
  completedAt: 5_000,
}

export const jobError = { code: 'access_denied', message: 'no', ossCode: 'AccessDenied', requestId: 'R1' } as const
