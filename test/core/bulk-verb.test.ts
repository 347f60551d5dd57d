import { describe, expect, it } from 'vitest'
import { createBatch } from '../../src/core/batch.js'
import { meetJob, takesPlaceOf, verbForBatch } from '../../src/core/bulk-verb.js'
import type { Verb } from '../../src/core/verb.js'
import { jobError, jobWith } from './job-fixture.js'

const given = (verb: Verb) => ({ verb, givenAt: 2_000, by: 'ops' })
const failed = jobWith({ state: 'failed', error: jobError, finishedAt: 1_500 })
const { fingerprint } = failed.source
const free = { later: [], fingerprint, hasRival: false }

describe('a verb for many jobs that meets one of them', () => {
  it('takes the step of the verb in the name of the one who gave it', () => {
    expect(meetJob(given('pause'), jobWith(), free, 3_000)).toMatchObject({
      job: { state: 'paused' },
      event: 'job.paused',
      by: 'ops',
    })
    expect(meetJob(given('retry'), failed, free, 3_000)).toMatchObject({ job: { state: 'queued' } })
  })

  it('awaits a job whose Complete is under way, where the verb may still concern it', () => {
    const completing = jobWith({ state: 'completing' })
    expect(meetJob(given('cancel'), completing, free, 3_000)).toBe('awaited')
    expect(meetJob(given('resume'), completing, free, 3_000)).toBe('nothing')
  })

  it('does nothing to a job that has no use for it', () => {
    expect(meetJob(given('pause'), jobWith({ state: 'completed' }), free, 3_000)).toBe('nothing')
    expect(meetJob(given('pause'), jobWith({ state: 'paused' }), free, 3_000)).toBe('nothing')
  })

  it('retries what had failed when it was given, and nothing that failed later', () => {
    expect(meetJob(given('retry'), { ...failed, finishedAt: 2_001 }, free, 3_000)).toBe('nothing')
  })

  it('refuses a retry when the source is gone or another job is writing the object', () => {
    expect(meetJob(given('retry'), failed, { ...free, fingerprint: null }, 3_000)).toBe('refused')
    expect(meetJob(given('retry'), failed, { ...free, hasRival: true }, 3_000)).toBe('refused')
  })

  it('asks for no source where the verb needs none', () => {
    expect(meetJob(given('cancel'), failed, { later: [], fingerprint: null, hasRival: true }, 3_000)).toMatchObject({
      job: { state: 'cancelling' },
    })
  })

  it('leaves a job alone of which something else was said since', () => {
    expect(meetJob(given('resume'), jobWith({ state: 'paused' }), { ...free, later: ['pause'] }, 3_000)).toBe('nothing')
    expect(meetJob(given('pause'), jobWith(), { ...free, later: ['retry', 'cancel'] }, 3_000)).toMatchObject({
      job: { state: 'paused' },
    })
  })
})

describe('a verb for many jobs', () => {
  it('ends an earlier one for the same jobs, and one for everything leaves the verb of a batch alone', () => {
    const of = (verb: Verb, filter: object) => ({ verb, filter, by: null, jobs: 0, batches: 0 })
    expect(takesPlaceOf(of('resume', { bucket: 'a' }), of('pause', { bucket: 'a' }))).toBe(true)
    expect(takesPlaceOf(of('resume', { bucket: 'a' }), of('pause', { bucket: 'b' }))).toBe(false)
    expect(takesPlaceOf(of('resume', {}), of('pause', { bucket: 'b' }))).toBe(true)
    expect(takesPlaceOf(of('resume', {}), of('pause', { batchId: 'b-1' }))).toBe(false)
    expect(takesPlaceOf(of('resume', {}), of('cancel', {}))).toBe(false)
  })

  it('tells how many jobs of a batch have a use for it', () => {
    const { id, counts } = createBatch(
      {
        id: 'b-1',
        source: { kind: 'files' },
        place: null,
        target: { bucket: 'a', prefix: '', endpoint: 'https://oss.example', region: 'cn-hangzhou' },
        template: { options: failed.options, priority: 0, labels: {}, dueAt: null },
        dryRun: false,
        by: null,
      },
      1_000,
    )
    const batch = { id, counts: { ...counts, queued: 3, running: 2, paused: 1, completed: 8 } }
    expect(verbForBatch(batch, 'pause', 'ops')).toEqual({
      verb: 'pause',
      filter: { batchId: 'b-1' },
      by: 'ops',
      jobs: 5,
      batches: 1,
    })
  })
})
