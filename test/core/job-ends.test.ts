import { describe, expect, it } from 'vitest'
import { isSettled, jobStates, maxCancelTries } from '../../src/core/job.js'
import { type Finish, finishStep } from '../../src/core/job-ends.js'
import { jobError, jobWith, multipart, named, put, receipt } from './job-fixture.js'

const at = 7_000
const uploaded: Finish = { to: 'completed', outcome: 'uploaded', receipt }
const skipped: Finish = { to: 'completed', outcome: 'skipped', receipt: null }
const failure: Finish = { to: 'failed', error: jobError, receipt: null }
const unsettled = jobStates.filter((state) => !isSettled(state))

const taken = (job: ReturnType<typeof jobWith>, finish: Finish) => {
  const step = finishStep(job, finish, at)
  if (step === 'unwanted') throw new Error('unwanted')
  return step
}

describe('the step with which a job settles', () => {
  it('completes whatever the user wants meanwhile, and forgets what no longer matters', () => {
    for (const state of ['running', 'completing', 'cancelling'] as const) {
      const job = jobWith({
        state,
        desired: 'pause',
        intent: 'complete',
        upload: named,
        refusal: { tries: 1, error: jobError },
      })
      const { job: done, event } = taken(job, uploaded)
      expect(event).toBe('job.completed')
      expect(done).toMatchObject({
        state: 'completed',
        desired: 'run',
        intent: null,
        refusal: null,
        error: null,
        finishedAt: at,
      })
      expect(done).toMatchObject({ receipt, bytesUploaded: job.source.fingerprint.size, partsUploaded: 3 })
    }
  })

  it('makes the object only when it was uploaded', () => {
    const job = jobWith({ state: 'running', upload: named })
    expect(taken(job, uploaded).isObjectMade).toBe(true)
    expect(taken(job, skipped).isObjectMade).toBe(false)
    expect(taken(job, failure).isObjectMade ?? false).toBe(false)
  })

  it('proves the one part of a put by its receipt, and no other', () => {
    const part = { partNumber: 1, size: receipt.size, etag: 'ETAG', crc64: receipt.crc64, proven: true, attempts: 1 }
    const job = jobWith({ state: 'running', upload: put })
    expect(taken(job, uploaded).parts).toEqual({ kind: 'proven', part, uploadedAt: receipt.completedAt })
    const unproven: Finish = { ...uploaded, receipt: { ...receipt, serverCrc64: null } }
    expect(taken(job, unproven).parts).toMatchObject({ part: { proven: false } })
    expect(taken(job, skipped).parts ?? null).toBeNull()
    expect(taken({ ...job, upload: multipart }, uploaded).parts ?? null).toBeNull()
    expect(taken(job, failure).parts ?? null).toBeNull()
  })

  it('fails unless the job is being cancelled, and keeps the intent', () => {
    for (const state of unsettled) {
      const step = finishStep(jobWith({ state, intent: 'initiate' }), failure, at)
      if (state === 'cancelling') expect(step).toBe('unwanted')
      else
        expect(step).toMatchObject({
          event: 'job.failed',
          job: { state: 'failed', intent: 'initiate', error: jobError },
        })
    }
  })

  it('remembers Complete when only the callback failed', () => {
    const error = { ...jobError, code: 'callback_failed' } as const
    const step = taken(jobWith({ state: 'completing' }), { to: 'failed', error, receipt })
    expect(step.job).toMatchObject({ intent: 'complete', receipt })
  })

  it('does not fail by a deadline that was moved away in the last moment', () => {
    const error = { ...jobError, code: 'deadline' } as const
    for (const [notAfter, isWanted] of [
      [at, true],
      [at - 1, true],
      [at + 1, false],
      [null, false],
    ] as const) {
      const job = jobWith({ state: 'queued', options: { ...jobWith().options, notAfter } })
      expect(finishStep(job, { to: 'failed', error, receipt: null }, at) !== 'unwanted', `${notAfter}`).toBe(isWanted)
    }
  })

  it('cancels only what the user cancelled, and keeps as abandoned what OSS refused to remove', () => {
    for (const state of unsettled) {
      expect(finishStep(jobWith({ state }), { to: 'cancelled' }, at) === 'unwanted', state).toBe(state !== 'cancelling')
    }
    const refusal = { tries: maxCancelTries - 1, error: jobError }
    const job = jobWith({ state: 'cancelling', upload: named, intent: 'abort', refusal })
    expect(taken(job, { to: 'cancelled' })).toMatchObject({ leavesUpload: false, job: { refusal: null, intent: null } })
    expect(taken(job, { to: 'cancelled', refusal: jobError })).toMatchObject({
      event: 'job.cancelled',
      leavesUpload: true,
      job: { refusal: { tries: maxCancelTries, error: jobError } },
    })
    expect(taken({ ...job, upload: null }, { to: 'cancelled', refusal: jobError }).leavesUpload).toBe(false)
  })
})
