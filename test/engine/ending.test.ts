import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { Failure } from '../../src/core/failure.js'
import { type Job, maxCancelTries } from '../../src/core/job.js'
import type { SourceTools } from '../../src/engine/upload/delete-source.js'
import { endingOf } from '../../src/engine/upload/ending.js'
import { CallbackFailed } from '../../src/engine/upload/prove.js'
import type { Run } from '../../src/engine/upload/run.js'
import { createRunControl, RunReleases, RunStopped } from '../../src/engine/upload/run-control.js'
import { runJob } from '../../src/engine/upload/upload-job.js'
import type { Release } from '../../src/ports/queue-store.js'
import { jobError, jobRequest, put, receipt } from '../contract/store-setup.js'
import { collectLogs } from './engine-setup.js'

const setup = (changes: Partial<Job> = {}) => {
  const logs: string[] = []
  const job = { ...jobRequest('job'), state: 'running', refusal: null, removal: null, ...changes } as Job
  const control = createRunControl({ priority: 0, parallel: 4, bandwidth: null, notAfter: 0 })
  const run = { job, control, logger: collectLogs(logs) } as unknown as Run
  return { run, logs, ending: (error: unknown) => endingOf(run, error) }
}

const refused = new Failure('permanent', 'no', { code: 'access_denied', ossCode: 'AccessDenied', requestId: 'R1' })
const now = { waiting: null, delayMs: null }

describe('an error that ends a run', () => {
  it.each([
    ['a pause', new RunStopped('pause'), { to: 'paused' }],
    ['a stop of the daemon', new RunStopped('shutdown'), { to: 'queued', ...now }],
    ['a cancel', new RunStopped('cancel'), { to: 'queued', ...now }],
    ['a wait', new RunReleases('endpoint', 500, 'down'), { to: 'queued', waiting: 'endpoint', delayMs: 500 }],
    ['a source that hangs', new Failure('stalled', 'hangs'), { to: 'queued', waiting: 'source', delayMs: 15_000 }],
    ['a bug', new TypeError('x is undefined'), { to: 'queued', waiting: 'backoff', delayMs: 30_000 }],
  ])('releases the job: %s', (_name, error, release) => {
    expect(setup().ending(error)).toMatchObject({ release })
  })

  it.each([
    ['what OSS refuses', refused, jobError, null],
    ['a callback that failed', new CallbackFailed(refused, receipt), jobError, receipt],
    ['a deadline', new RunStopped('deadline'), { code: 'deadline' }, null],
  ])('fails the job: %s', (_name, failure, error, proof) => {
    expect(setup().ending(failure)).toMatchObject({ finish: { to: 'failed', error, receipt: proof } })
  })

  it.each([
    ['a lease that is overtaken', new RunStopped('fenced')],
    ['a store that takes no writes', new AppError('storage_full', 'The disk is full')],
  ])('is passed on, because nothing can be written: %s', (_name, error) => {
    expect(() => setup().ending(error)).toThrow(error)
  })

  it('counts what OSS refuses of a cancel, and ends the cancel with the last try', () => {
    const cancelling = (tries: number) =>
      setup({ state: 'cancelling', refusal: tries === 0 ? null : { tries, error: jobError } })
    const release = { to: 'cancelling', waiting: 'backoff', delayMs: 5_000, refusal: jobError }
    for (let tries = 0; tries < maxCancelTries - 1; tries++) {
      expect(cancelling(tries).ending(refused)).toMatchObject({ release })
    }
    const last = cancelling(maxCancelTries - 1).ending(refused)
    expect(last).toMatchObject({ finish: { to: 'cancelled', refusal: jobError } })
  })

  it('tells the log of a bug with its stack', () => {
    const { ending, logs } = setup()
    ending(new TypeError('x is undefined'))
    expect(logs).toEqual([expect.stringContaining('TypeError: x is undefined')])
  })
})

it('a job whose object was made in time waits for its source when that hangs as it is to be deleted', async () => {
  const { options } = jobRequest('job')
  const { run } = setup({
    runs: 2,
    upload: put,
    options: { ...options, crc64: receipt.crc64, deleteSource: true },
    marker: 'm-1',
  })
  const released: Release[] = []
  const here = {
    ...run,
    clock: { now: () => 0, sleep: () => new Promise(() => {}) },
    target: { head: async () => ({ ...receipt, marker: 'm-1' }) },
    record: { release: async (release: Release) => released.push(release) },
  } as unknown as Run
  const sources = { open: () => Promise.reject(new Failure('stalled', 'The file system does not answer')) }
  here.control.stopNow('deadline')
  await runJob(here, { sources } as unknown as SourceTools)
  expect(released).toEqual([{ to: 'queued', waiting: 'source', delayMs: 15_000 }])
})
