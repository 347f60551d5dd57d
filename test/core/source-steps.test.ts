import { describe, expect, it } from 'vitest'
import { dueSource, type Fingerprint, isFingerprintDue, type Job } from '../../src/core/job.js'
import { startRun } from '../../src/core/job-steps.js'
import { isPlain } from '../../src/core/plain-put.js'
import { noteFingerprint } from '../../src/core/source-steps.js'
import { controlStep } from '../../src/core/verb-law.js'
import { jobError, jobWith, named, put } from './job-fixture.js'

const half = { bytesUploaded: 100, partsUploaded: 1 }
const { fingerprint } = jobWith().source
const grown: Fingerprint = { ...fingerprint, node: 'b', size: 7, mtimeNs: '9', ctimeNs: '9' }
const touched: Fingerprint = { ...fingerprint, node: 'b', dev: '77', ctimeNs: '9' }

const due = (changes: Partial<Job> = {}): Job => jobWith({ state: 'running', source: dueSource(jobWith()), ...changes })
const failed = (changes: Partial<Job> = {}): Job =>
  jobWith({ state: 'failed', error: jobError, finishedAt: 5, ...changes })

const retried = (job: Job, now: Fingerprint | 'due'): Job => {
  const step = controlStep(job, { verb: 'retry', fingerprint: now }, 10)
  if (step === 'invalid_state') throw new Error(step)
  return step.job
}

describe('a retry that does not see the source', () => {
  it.each([
    ['nothing sent', {}],
    ['an upload', { upload: named, ...half }],
    ['a Complete that went unanswered', { upload: named, intent: 'complete', ...half } as const],
    ['an upload that was abandoned', { upload: { ...named, uploadId: null } }],
  ])('leaves a job with %s as it is, and its fingerprint due', (_which, changes) => {
    const job = failed(changes)
    const step = controlStep(job, { verb: 'retry', fingerprint: 'due' }, 10)
    expect(step).toMatchObject({ event: 'job.queued', parts: null })
    const { source, upload, intent, bytesUploaded } = retried(job, 'due')
    expect(source).toEqual({ ...job.source, isDue: true })
    expect({ upload, intent, bytesUploaded }).toEqual({
      upload: job.upload,
      intent: job.intent,
      bytesUploaded: job.bytesUploaded,
    })
  })

  it('changes nothing of a job that a retry leaves alone', () => {
    const job = jobWith({ state: 'running' })
    expect(retried(job, 'due')).toBe(job)
  })

  it('is made good by one that sees it', () => {
    expect(isFingerprintDue(retried(failed({ source: dueSource(jobWith()) }), grown))).toBe(false)
  })
})

describe('a job whose fingerprint is due', () => {
  it('is claimed without a plan, because its size is not known', () => {
    const small = { ...fingerprint, size: 10 }
    const job = jobWith({ source: { kind: 'path', path: '/a', fingerprint: small } })
    expect(startRun(job, 1).job.upload).toMatchObject({ mode: 'put' })
    expect(startRun({ ...job, source: dueSource(job) }, 1).job.upload).toBeNull()
  })

  it('is no plain put', () => {
    const job = jobWith({ source: { kind: 'path', path: '/a', fingerprint: { ...fingerprint, size: 10 } } })
    expect(isPlain(job)).toBe(true)
    expect(isPlain({ ...job, source: dueSource(job) })).toBe(false)
  })

  it('comes to the same as a retry that sees the source, whatever it had', () => {
    const kinds: Partial<Job>[] = [
      {},
      { upload: named, ...half },
      { upload: named, intent: 'complete', ...half },
      { upload: { ...named, uploadId: null }, ...half },
      { upload: { ...named, uploadId: null }, intent: 'initiate' },
      { upload: put },
    ]
    for (const changes of kinds) {
      for (const now of [fingerprint, touched, grown]) {
        const seen = controlStep(failed(changes), { verb: 'retry', fingerprint: now }, 10)
        const noted = noteFingerprint({ ...retried(failed(changes), 'due'), state: 'running' }, now)
        if (seen === 'invalid_state') throw new Error(seen)
        expect({ ...noted.job, state: 'queued' }).toEqual(seen.job)
        expect(noted.parts).toEqual(seen.parts)
      }
    }
  })

  it('keeps the fingerprint of what was sent while the file is the same', () => {
    const { job, event } = noteFingerprint(due({ upload: named, ...half }), touched)
    expect(job).toMatchObject({ source: { fingerprint }, upload: named, ...half })
    expect(isFingerprintDue(job)).toBe(false)
    expect(event).toBeNull()
    expect(noteFingerprint(due(), touched).job.source.fingerprint).toEqual(touched)
  })

  it('is planned anew when the file is another, and tells what can be seen of it', () => {
    expect(noteFingerprint(due({ upload: named, ...half }), grown)).toMatchObject({
      job: { intent: 'abort', bytesUploaded: 0, partsUploaded: 0, source: { fingerprint: grown } },
      parts: { kind: 'reset' },
      event: 'job.updated',
    })
    expect(noteFingerprint(due(), grown).event).toBe('job.updated')
    expect(noteFingerprint(due(), { ...fingerprint, mtimeNs: '8' }).event).toBeNull()
  })

  it('takes the same step again as if nothing had happened', () => {
    const { job } = noteFingerprint(due({ upload: named, ...half }), grown)
    const again = noteFingerprint(job, grown)
    expect(again.job).toEqual(job)
    expect(again.event).toBeNull()
  })
})
