import { describe, expect, it } from 'vitest'
import { changeJob, createJob } from '../../src/core/job-steps.js'
import { answerJob, viewJob } from '../../src/core/job-view.js'
import { newJob, templateOf } from '../../src/engine/use-cases/job-template.js'
import { batchRequestSchema } from '../../src/http/shapes/batches/request.js'
import { jobChangesSchema, jobRequestSchema } from '../../src/http/shapes/jobs/request.js'
import { storedJob } from './harness.js'

const defaults = { partSize: 1 << 20, multipartThreshold: 2 << 20, parallel: 4 }
const where = { source: { path: '/srv/in/a.bin' }, target: { bucket: 'media', key: 'a.bin' } }

const jobOf = (asked: Record<string, unknown>) => {
  const request = jobRequestSchema.parse({ ...where, ...asked })
  const { webhook } = request
  const wish = webhook == null ? null : { url: webhook.url, events: webhook.events ?? ['job.completed'] }
  const template = templateOf(request, defaults, { roots: null, webhook: wish })
  const { source, place, target } = storedJob()
  const names = { newId: () => 'job-1', newMarker: () => null }
  return createJob(newJob(template, { batchId: null, source, place, target }, names), Date.UTC(2026, 5, 1)).job
}

const everything = {
  headers: { 'Content-Type': 'video/mp4', 'x-oss-meta-a': 'b' },
  ifExists: 'skipSame',
  crc64: '42',
  partSize: 200_000,
  multipartThreshold: 300_000,
  parallel: 7,
  sequential: true,
  onSourceChange: 'restart',
  notBefore: '2026-01-01T00:00:00.000Z',
  notAfter: '2027-01-01T00:00:00.000Z',
  bandwidth: '1024 KiB',
  deleteSource: true,
  callback: {
    url: 'http://receiver/hook',
    host: 'receiver',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is OSS that fills it in
    body: 'size=${size}',
    bodyType: 'application/x-www-form-urlencoded',
    vars: { 'x:a': 'b' },
  },
  webhook: { url: 'https://receiver/hook', events: ['job.failed'] },
}

describe('The options of a job', () => {
  it('show all that was asked for, as it was asked for', () => {
    expect(answerJob(jobOf(everything)).options).toEqual(everything)
  })

  it('show the defaults where nothing was asked for', () => {
    expect(answerJob(jobOf({})).options).toEqual({
      ...defaults,
      headers: {},
      ifExists: 'overwrite',
      crc64: null,
      sequential: false,
      onSourceChange: 'fail',
      notBefore: null,
      notAfter: null,
      bandwidth: null,
      deleteSource: false,
      callback: null,
      webhook: null,
    })
  })

  it.each([
    ['nothing', {}],
    ['everything', everything],
    [
      'a callback by its default host',
      {
        callback: { url: 'http://receiver/', body: 'a=b', vars: { a: '1' } },
      },
    ],
  ])('can be sent again: %s', (_name, asked) => {
    const { options } = answerJob(jobOf(asked))
    expect(answerJob(jobOf({ ...options })).options).toEqual(options)
  })

  it('of a batch can be sent again too', () => {
    const { crc64: _, ...options } = answerJob(jobOf({})).options
    const request = { source: { dir: '/srv/in/out' }, target: { bucket: 'media' }, ...options }
    expect(batchRequestSchema.safeParse(request).error).toBeUndefined()
  })

  it('keep what a webhook has behind its path to themselves', () => {
    const job = jobOf({ webhook: { url: 'https://receiver/hook?token=geheim' } })
    expect(answerJob(job).options.webhook).toEqual({ url: 'https://receiver/hook', events: ['job.completed'] })
  })

  it('show notBefore when it has passed, and do not wait for it', () => {
    const job = jobOf({ notBefore: '2026-01-01T00:00:00Z' })
    expect(job).toMatchObject({ waiting: null, dueAt: null })
    expect(viewJob(job).notBefore).toBe('2026-01-01T00:00:00.000Z')
  })

  it.each(['off', ' off ', null])('take %j for no bandwidth of its own', (bandwidth) => {
    const job = jobOf({ bandwidth })
    expect([job.options.bandwidth, answerJob(job).options.bandwidth]).toEqual([undefined, null])
  })

  it('follow a change of the bandwidth, and no other change touches it', () => {
    const change = (job: ReturnType<typeof jobOf>, body: object) => {
      const step = changeJob(job, jobChangesSchema.parse(body))
      if (step === 'invalid_state') throw new Error('the job cannot be changed')
      return step.job
    }
    const fast = change(jobOf({ bandwidth: '20MiB' }), { bandwidth: '2048 K' })
    const steered = change(fast, { parallel: 9 })
    expect(answerJob(steered).options).toMatchObject({ bandwidth: '2048 K', parallel: 9 })
    expect(steered.options.bandwidth).toBe(2_097_152)
    const free = change(steered, { bandwidth: 'off' })
    expect(answerJob(free)).toMatchObject({ bandwidth: null, options: { bandwidth: null } })
  })
})
