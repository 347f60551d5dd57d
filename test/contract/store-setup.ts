import type { JobError } from '../../src/core/failure.js'
import type { Fingerprint, Job, NewJob, Receipt } from '../../src/core/job.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Fenced } from '../../src/ports/lease.js'
import type { Claim } from '../../src/ports/queue-store.js'
import type { Store } from '../../src/ports/store.js'
import type { Wakeup, WakeupTopic } from '../../src/ports/wakeup.js'

/** Opens an empty store. `close` also removes what the store left behind. */
export type OpenStore = (deps: { clock: Clock; wakeup: Wakeup }) => Promise<{
  readonly store: Store
  close(): Promise<void>
}>

export const startAt = Date.UTC(2026, 0, 1)
export const leaseMs = 30_000
export const node = 'node-a'

/**
 * A test of the port starts with this: an empty store, a clock that stands still, and the hints that the store gave.
 */
export interface StoreSetup {
  readonly store: Store
  readonly hints: WakeupTopic[]
  now(): number
  advance(ms: number): void
  /** Moves the wall clock by so much. No time passes. */
  jump(ms: number): void
  submit(changes?: Partial<NewJob>): Promise<Job>
  /** Claims the one job that is ready. */
  claimOne(): Promise<Claim>
  /** Returns a job that a run has taken, after `changes`. */
  running(changes?: Partial<NewJob>): Promise<Claim>
  failed(changes?: Partial<NewJob>): Promise<Job>
  eventTypes(jobId: string): Promise<string[]>
}

export const fingerprint = (changes: Partial<Fingerprint> = {}): Fingerprint => ({
  node: null,
  dev: '2049',
  ino: '18446744073709551615',
  size: 300,
  mtimeNs: '1767225600123456789',
  ctimeNs: '1767225600123456789',
  ...changes,
})

export const jobRequest = (id: string, changes: Partial<NewJob> = {}): NewJob => ({
  id,
  batchId: null,
  source: { kind: 'path', path: `/srv/in/${id}.bin`, fingerprint: fingerprint() },
  place: null,
  target: { bucket: 'bucket-a', key: `dir/${id}.bin`, endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  options: {
    partSize: 100,
    multipartThreshold: 100,
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
  ...changes,
})

export const multipart = { mode: 'multipart', uploadId: null, partSize: 100, partCount: 3 } as const
export const put = { mode: 'put', uploadId: null, partSize: 300, partCount: 1 } as const

export const threeParts = [1, 2, 3].map((partNumber) => ({ partNumber, offset: (partNumber - 1) * 100, size: 100 }))

export const sent = (partNumber: number) => ({
  partNumber,
  size: 100,
  etag: `ETAG${partNumber}`,
  crc64: '18446744073709551615',
  proven: true,
  attempts: 1,
})

export const receipt: Receipt = {
  size: 300,
  crc64: '11051210869376104954',
  serverCrc64: '11051210869376104954',
  proof: 'object',
  etag: 'ETAG-3',
  versionId: null,
  requestId: '5C3D9175B6FC201293AD4890',
  completedAt: startAt,
}

export const jobError: JobError = { code: 'access_denied', message: 'no', ossCode: 'AccessDenied', requestId: 'R1' }

/** Returns the job that a fenced operation answered. */
export const granted = (answer: Job | 'unwanted' | Fenced): Job => {
  if (typeof answer === 'string') throw new Error(`the store answered ${answer}`)
  return answer
}

export const setupStore = async (open: OpenStore): Promise<StoreSetup & { close(): Promise<void> }> => {
  let at = startAt
  let elapsed = 0
  let jobs = 0
  const hints: WakeupTopic[] = []
  const clock: Clock = {
    now: () => at,
    monotonic: () => elapsed,
    sleep: () => Promise.reject(new Error('nobody sleeps')),
  }
  const wakeup: Wakeup = { notify: (topic) => void hints.push(topic), subscribe: () => () => undefined }
  const { store, close } = await open({ clock, wakeup })

  const submit = async (changes: Partial<NewJob> = {}): Promise<Job> => {
    const result = await store.submit(jobRequest(`job-${++jobs}`, changes), null)
    if (result.kind !== 'created') throw new Error(`submit answered ${result.kind}`)
    return result.job
  }
  const claimOne = async (): Promise<Claim> => {
    const [claim] = (await store.claim({ node, limit: 1, leaseMs })).claims
    if (claim === undefined) throw new Error('nothing is ready')
    return claim
  }
  const running = async (changes: Partial<NewJob> = {}): Promise<Claim> => {
    await submit(changes)
    return claimOne()
  }
  return {
    store,
    hints,
    close,
    now: () => at,
    advance: (ms) => {
      at += ms
      elapsed += ms
    },
    jump: (ms) => {
      at += ms
    },
    submit,
    claimOne,
    running,
    failed: async (changes) => {
      const { lease } = await running(changes)
      return granted(await store.finish(lease, { to: 'failed', error: jobError, receipt: null }))
    },
    eventTypes: async (jobId) => (await store.eventsAfter(null, { jobId }, 1000)).items.map((event) => event.type),
  }
}
