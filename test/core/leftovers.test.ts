import { describe, expect, it } from 'vitest'
import type { Job } from '../../src/core/job.js'
import type { JobOptions } from '../../src/core/job-options.js'
import { takeLeftover } from '../../src/core/leftovers.js'
import { jobError, jobWith, multipart, named } from './job-fixture.js'

const failed = jobWith({
  id: 'old',
  state: 'failed',
  upload: named,
  error: jobError,
  marker: 'mark of old',
  bytesUploaded: 7,
  partsUploaded: 1,
})
const job = jobWith({ id: 'new', state: 'running' })
const { source } = job

const withFingerprint = (changes: object): Partial<Job> => ({
  source: { ...source, fingerprint: { ...source.fingerprint, ...changes } },
})
const withOptions = (changes: Partial<JobOptions>): Partial<Job> => ({ options: { ...job.options, ...changes } })

describe('what an older failed job left in OSS', () => {
  it('goes to the job that would begin the very same upload, with its parts and its mark', () => {
    expect(takeLeftover({ ...job, ...withFingerprint({ dev: '77' }) }, failed)).toMatchObject({
      failed: { job: { upload: multipart }, event: 'job.updated', leavesUpload: false },
      heir: {
        job: { id: 'new', upload: named, marker: 'mark of old', bytesUploaded: 7, partsUploaded: 1, intent: null },
        event: 'job.updated',
        parts: { kind: 'inherited', jobId: 'old' },
      },
    })
  })

  it.each<[string, Partial<Job>]>([
    ['another file', { source: { ...source, path: '/srv/in/other' } }],
    ['a file that changed', withFingerprint({ mtimeNs: '9' })],
    ['a file that was touched', withFingerprint({ ctimeNs: '9' })],
    ['a file of another size', withFingerprint({ size: source.fingerprint.size - 1 })],
    ['other parts', withOptions({ partSize: 2 * job.options.partSize })],
    ['one request', withOptions({ multipartThreshold: source.fingerprint.size + 1 })],
    ['parts in their order', withOptions({ sequential: true })],
    ['other headers', withOptions({ headers: { 'Content-Type': 'text/plain' } })],
    ['no overwriting', withOptions({ ifExists: 'fail' })],
    ['an upload of its own', { upload: { ...named, uploadId: 'u2' } }],
  ])('is given up to be removed when the job asks for %s', (_, changes) => {
    expect(takeLeftover({ ...job, ...changes }, failed)).toMatchObject({
      failed: { job: { upload: multipart }, leavesUpload: true },
      heir: null,
    })
  })

  it.each<[string, Partial<Job>]>([
    ['its parts may not be those of the file', { error: { ...jobError, code: 'integrity' } }],
    ['its source changed', { error: { ...jobError, code: 'source_changed' } }],
    ['its Complete was sent', { intent: 'complete' }],
  ])('is given up when %s', (_, changes) => {
    expect(takeLeftover(job, { ...failed, ...changes })).toMatchObject({ failed: { leavesUpload: true }, heir: null })
  })

  it('is nothing where there is no upload', () => {
    expect(takeLeftover(job, { ...failed, upload: multipart })).toBeNull()
    expect(takeLeftover(job, { ...failed, upload: null })).toBeNull()
    expect(takeLeftover(job, { ...failed, state: 'queued' })).toBeNull()
  })
})
