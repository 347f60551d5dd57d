import { describe, expect, it } from 'vitest'
import type { StoredPart } from '../../src/core/part.js'
import { commitPart, countParts } from '../../src/core/part-steps.js'
import { jobWith } from './job-fixture.js'

const pending: StoredPart = {
  partNumber: 2,
  offset: 100,
  size: 100,
  state: 'pending',
  etag: null,
  crc64: null,
  proven: false,
  attempts: 0,
  uploadedAt: null,
}
const sent = { partNumber: 2, size: 100, etag: 'E2', crc64: '7', proven: true, attempts: 3 }

describe('a part that OSS has taken', () => {
  it('is uploaded from now on, and counted', () => {
    const part = { ...pending, ...sent, state: 'uploaded', uploadedAt: 9 }
    expect(commitPart(pending, sent, 9)).toEqual({ part, isFresh: true })
  })

  it('is counted once, and takes the ETag and the CRC-64 that OSS has for it now', () => {
    const known: StoredPart = { ...pending, ...sent, state: 'uploaded', uploadedAt: 9 }
    expect(commitPart(known, { ...sent, attempts: 8 }, 10)).toBeNull()
    expect(commitPart(known, { ...sent, etag: 'OTHER', crc64: '8', proven: false, attempts: 8 }, 10)).toEqual({
      part: { ...known, etag: 'OTHER', crc64: '8', proven: false },
      isFresh: false,
    })
  })

  it('adds to what the job has uploaded, and ends a row of crashes', () => {
    const job = jobWith({ state: 'running', bytesUploaded: 5, partsUploaded: 1, crashes: 3 })
    expect(countParts(job, [{ size: 7 }, { size: 9 }])).toEqual({
      job: { ...job, bytesUploaded: 21, partsUploaded: 3, crashes: 0 },
      event: null,
    })
  })
})
