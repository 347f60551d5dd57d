import { describe, expect, it } from 'vitest'
import { createBatch } from '../../src/core/batch.js'
import { eventTypes } from '../../src/core/event.js'
import { isSettled, type Job, jobStates } from '../../src/core/job.js'
import { changeOf, countedOf, countsAfter, pendingBytesOf, removalOf, toldOf } from '../../src/core/job-changes.js'
import {
  abandonUpload,
  beginCompleting,
  createJob,
  forgetUpload,
  nameUpload,
  planUpload,
  type Step,
  setIntent,
  startRun,
} from '../../src/core/job-steps.js'
import { answerJob, viewJob } from '../../src/core/job-view.js'
import { controlStep } from '../../src/core/verb-law.js'
import { jobError, jobWith, multipart, named, receipt } from './job-fixture.js'

const at = 7_000
const must = (step: Step | string | null): Step => {
  if (step === null || typeof step === 'string') throw new Error(`no step: ${step}`)
  return step
}

describe('what an event tells', () => {
  it('is the job as it is then, by whom, and the message that its user subscribed to', () => {
    const webhook = { url: 'https://hooks.example:8443/x?token=1', events: ['job.paused'] }
    const job = jobWith({ options: { ...jobWith().options, webhook } })
    const { event, webhook: message } = toldOf(job, 'job.paused', at, 'alice')
    expect(event).toEqual({ type: 'job.paused', job: viewJob(job), by: 'alice' })
    expect(message).toMatchObject({ type: 'job.paused', url: webhook.url, host: 'hooks.example:8443' })
    expect(JSON.parse(message?.body ?? '')).toEqual({
      type: 'job.paused',
      timestamp: new Date(at).toISOString(),
      data: { job: viewJob(job) },
    })
    for (const type of eventTypes) {
      expect(toldOf(job, type, at).webhook === null, type).toBe(type !== 'job.paused')
      expect(toldOf(jobWith(), type, at).webhook).toBeNull()
    }
    expect(toldOf(job, 'job.paused', at).event.by).toBeNull()
  })
})

describe('what a step causes', () => {
  it('is an event where a listener can see a change, and else none', () => {
    const job = jobWith()
    const paused = changeOf(job, { ...must(controlStep(job, { verb: 'pause' }, at)), by: 'bob' }, at)
    expect(paused.told?.event).toMatchObject({ type: 'job.paused', by: 'bob', job: { state: 'paused' } })
    const running = jobWith({ state: 'running' })
    expect(changeOf(running, setIntent(running, 'abort'), at)).toEqual({
      job: { ...running, intent: 'abort' },
      parts: null,
      leavesUpload: false,
      initiate: null,
      told: null,
      batch: null,
      isObjectMade: false,
    })
  })

  it('is the plan of the parts, then no parts when the upload is forgotten', () => {
    const job = jobWith({ state: 'running' })
    const parts = [{ partNumber: 1, offset: 0, size: 5 }]
    expect(changeOf(job, planUpload(job, multipart, parts), at).parts).toEqual({ kind: 'planned', parts })
    expect(changeOf(job, forgetUpload(job, null, false), at).parts).toEqual({ kind: 'dropped' })
  })

  it.each<[string, Partial<Job>, (job: Job) => Step | string | null, string | null]>([
    ['a plan', {}, (job) => planUpload(job, multipart, []), 'begun'],
    ['a plan over a plan', { upload: multipart, intent: 'initiate' }, (job) => planUpload(job, multipart, []), null],
    ['its answer', { upload: multipart, intent: 'initiate' }, (job) => nameUpload(job, 'u1'), 'answered'],
    ['that it made nothing', { upload: multipart, intent: 'initiate' }, (job) => setIntent(job, null), 'answered'],
    ['that it is sent again', { upload: multipart }, (job) => setIntent(job, 'initiate'), 'begun'],
    ['an abort in its place', { upload: named, intent: 'initiate' }, (job) => setIntent(job, 'abort'), 'over'],
    [
      'its plan being forgotten',
      { upload: multipart, intent: 'initiate' },
      (job) => forgetUpload(job, null, false),
      'over',
    ],
    ['the end of another intent', { upload: named, intent: 'abort' }, (job) => setIntent(job, null), null],
    ['Complete', { upload: named }, beginCompleting, null],
    [
      'a cancel',
      { upload: multipart, intent: 'initiate' },
      (job: Job) => controlStep(job, { verb: 'cancel' }, at),
      null,
    ],
  ])('is, for the window of an Initiate, by %s: %s -> %s', (_, changes, take, expected) => {
    const job = jobWith({ state: 'running', ...changes })
    expect(changeOf(job, must(take(job)), at).initiate).toBe(expected)
  })

  it('is an abandoned upload only where one stays in OSS that no job goes on with', () => {
    const failed = jobWith({ state: 'failed', upload: named, error: jobError })
    expect(changeOf(failed, must(abandonUpload(failed)), at).leavesUpload).toBe(true)
    expect(changeOf(failed, must(abandonUpload(failed, true)), at).leavesUpload).toBe(false)
    expect(abandonUpload(jobWith({ state: 'failed', upload: multipart }))).toBeNull()
    expect(abandonUpload(jobWith({ state: 'running', upload: named }))).toBeNull()
    for (const isLeft of [true, false]) {
      for (const upload of [named, multipart, null]) {
        const job = jobWith({ state: 'running', upload })
        expect(changeOf(job, forgetUpload(job, null, isLeft), at).leavesUpload).toBe(isLeft && upload === named)
      }
    }
  })

  it('is, for the batch of a job, that the job settled or is open again', () => {
    for (const before of jobStates) {
      for (const after of jobStates) {
        const step: Step = { job: jobWith({ state: after, batchId: 'b' }), event: null }
        const from = { state: before, intent: null }
        const expected = isSettled(before) === isSettled(after) ? null : isSettled(after) ? 'settled' : 'reopened'
        expect(changeOf(from, step, at).batch, `${before} -> ${after}`).toBe(expected)
        expect(changeOf(from, { ...step, job: jobWith({ state: after }) }, at).batch).toBeNull()
      }
    }
  })

  it('is nothing but an event when it makes the job', () => {
    const step = createJob({ ...jobWith(), batchId: 'b' }, at)
    expect(changeOf(null, step, at)).toMatchObject({
      initiate: null,
      batch: null,
      told: { event: { type: 'job.queued' } },
    })
  })
})

describe('what a removal causes', () => {
  it('is a note for the batch, and an abandoned upload of a job that failed', () => {
    const failed = jobWith({ state: 'failed', upload: named, error: jobError, finishedAt: 9, batchId: 'b' })
    expect(removalOf(failed)).toEqual({ note: answerJob(failed), leavesUpload: true, initiateEndedAt: 9 })
    expect(removalOf({ ...failed, batchId: null, upload: multipart })).toMatchObject({
      note: null,
      leavesUpload: false,
    })
    const completed = jobWith({ state: 'completed', upload: named, receipt, finishedAt: 9 })
    expect(removalOf(completed).leavesUpload).toBe(false)
  })
})

describe('the bytes that are still to be sent', () => {
  it.each(jobStates)('are those that are not uploaded, and none of a settled job: %s', (state) => {
    const counted = { state, waiting: null, outcome: null, size: 10, bytesUploaded: 4 }
    expect(pendingBytesOf(counted)).toBe(['completed', 'failed', 'cancelled'].includes(state) ? 0 : 6)
  })
})

describe('the counts of a batch', () => {
  it('follow each job from state to state, with its bytes', () => {
    const { counts } = createBatch(
      {
        id: 'b',
        source: { kind: 'files' },
        place: null,
        target: {} as never,
        template: {} as never,
        dryRun: false,
        by: null,
      },
      at,
    )
    const made = jobWith({ batchId: 'b' })
    const first = countsAfter(counts, null, countedOf(made))
    expect(first).toEqual({ ...counts, queued: 1, bytesTotal: made.source.fingerprint.size })
    const running = startRun(made, at).job
    const second = countsAfter(first, countedOf(made), countedOf({ ...running, bytesUploaded: 7 }))
    expect(second).toEqual({ ...first, queued: 0, running: 1, bytesUploaded: 7 })
    const source = { ...made.source, fingerprint: { ...made.source.fingerprint, size: 9 } }
    const done = { ...running, source, state: 'completed', outcome: 'skipped', bytesUploaded: 9 } as const
    expect(countsAfter(second, countedOf({ ...running, bytesUploaded: 7 }), countedOf(done))).toEqual({
      ...counts,
      completed: 1,
      skipped: 1,
      bytesTotal: 9,
      bytesUploaded: 9,
    })
  })
})
