import type { JobView } from '../../src/core/job-view.js'
import type { FaultRule } from '../../src/oss-emulator/fault.js'
import { bucket } from './world.js'

const kib = 1024
const partSize = 100 * kib

/** This is what a user does with a job. The next daemon repeats each call when one dies under it. */
export interface User {
  get(jobId: string): Promise<JobView>
  verb(jobId: string, verb: 'pause' | 'resume' | 'cancel'): Promise<void>
  until(jobId: string, condition: (job: JobView) => boolean): Promise<void>
}

export interface Scenario {
  readonly name: string
  /** This is the size of the source in bytes. Below 100 KiB it goes by one put, and otherwise in parts of 100 KiB. */
  readonly size: number
  /** So many jobs run one after the other, so that there is a third hit. */
  readonly jobs: number
  /** True means that the scenario tries the way out of something that went wrong before. */
  readonly recovery: boolean
  /** This failpoint ends a life before the one that is tried, so that what is tried is a recovery. */
  readonly prelude?: string
  readonly options?: object
  faults?(key: string): readonly FaultRule[]
  steer?(user: User, jobId: string): Promise<void>
  readonly ends: 'completed' | 'cancelled'
  /** Its faults may cost so many attempts. Crashes cost none. */
  readonly attempts?: number
}

const small = 5_000
const fourParts = 3 * partSize + 7

/** The third part never arrives, so that the job can be paused or cancelled while it is half-way. */
const stalledPart = (key: string): readonly FaultRule[] => [
  { operation: 'UploadPart', bucket, key, partNumber: 3, times: null, fault: { kind: 'stall', at: 'before-body' } },
]

const cancelHalfway = async (user: User, jobId: string): Promise<void> => {
  await user.until(jobId, ({ progress }) => progress.partsUploaded === 3)
  await user.verb(jobId, 'cancel')
}

export const scenarios: readonly Scenario[] = [
  { name: 'put', size: small, jobs: 3, recovery: false, ends: 'completed' },
  {
    name: 'a put by itself',
    size: small,
    jobs: 3,
    recovery: false,
    // With a deadline of its own it is no plain put.
    options: { notAfter: '2100-01-01T00:00:00Z' },
    ends: 'completed',
  },
  { name: 'multipart', size: fourParts, jobs: 3, recovery: false, ends: 'completed' },
  {
    name: 'cancel',
    size: fourParts,
    jobs: 3,
    recovery: false,
    faults: stalledPart,
    steer: cancelHalfway,
    ends: 'cancelled',
  },
  {
    name: 'parts in OSS that the store does not know',
    size: fourParts,
    jobs: 1,
    recovery: true,
    prelude: 'store.commitParts:before@2',
    ends: 'completed',
  },
  {
    name: 'a Complete that had won',
    size: fourParts,
    jobs: 1,
    recovery: true,
    prelude: 'target.complete:after',
    ends: 'completed',
  },
  {
    name: 'a cancel that was interrupted',
    size: fourParts,
    jobs: 1,
    recovery: true,
    prelude: 'target.abort:after',
    faults: stalledPart,
    steer: cancelHalfway,
    ends: 'cancelled',
  },
  {
    name: 'a put that must not overwrite and had won',
    size: small,
    jobs: 1,
    recovery: true,
    prelude: 'target.putObject:after',
    options: { ifExists: 'fail' },
    ends: 'completed',
  },
  {
    name: 'pause and resume',
    size: fourParts,
    jobs: 1,
    recovery: true,
    options: { parallel: 1 },
    faults: (key) => [
      { operation: 'UploadPart', bucket, key, partNumber: 3, times: null, fault: { kind: 'delay', ms: 1_500 } },
    ],
    async steer(user, jobId) {
      await user.until(jobId, ({ progress }) => progress.partsUploaded >= 1)
      await user.verb(jobId, 'pause')
      await user.until(jobId, ({ state }) => state === 'paused')
      await user.verb(jobId, 'resume')
    },
    ends: 'completed',
  },
  {
    name: 'an upload that OSS forgets',
    size: fourParts,
    jobs: 1,
    recovery: true,
    faults: (key) => [{ operation: 'UploadPart', bucket, key, partNumber: 4, fault: { kind: 'forget-upload' } }],
    ends: 'completed',
  },
  {
    name: 'a part that fails once',
    size: fourParts,
    jobs: 1,
    recovery: true,
    faults: (key) => [{ operation: 'UploadPart', bucket, key, partNumber: 2, fault: { kind: 'status', status: 500 } }],
    ends: 'completed',
    attempts: 1,
  },
]

/** Returns the body of POST /v1/jobs. */
export const jobRequest = (scenario: Scenario, path: string, key: string): object => ({
  source: { path },
  target: { bucket, key },
  multipartThreshold: partSize,
  partSize,
  ...scenario.options,
})
