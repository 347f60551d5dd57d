import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, until, type World } from './world.js'

const hole = 'hole'
const partSize = 102_400

let world: World
let daemon: DaemonProcess
let small: string
let large: string

beforeAll(async () => {
  world = await createWorld({ buckets: [bucket, hole] })
  small = await world.makeSource('small.bin', 5_000)
  large = await world.makeSource('large.bin', 5 * partSize + 7)
  daemon = await world.start()
})
afterAll(() => world.end())

const submit = (to: string, key: string, path: string, more: object = {}): Promise<JobView> =>
  daemon.submit({ source: { path }, target: { bucket: to, key }, multipartThreshold: partSize, partSize, ...more })

const submitMany = (to: string, name: string, count: number, more: object = {}): Promise<JobView[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => submit(to, `${name}-${i}`, i % 2 === 0 ? small : large, more)))

const jobsOf = async (name: string): Promise<JobView[]> => {
  const { body } = await daemon.request<{ items: JobView[] }>('GET', `/v1/jobs?bucket=${name}&limit=1000`)
  return body.items
}

const settledAll = (jobs: readonly JobView[]): Promise<JobView[]> =>
  Promise.all(jobs.map(({ id }) => daemon.settled(id)))

describe('a bucket that swallows every request, and jobs that always fail', () => {
  it('hold up nobody else, wait without losing attempts, and complete when all is well again', {
    timeout: 400_000,
  }, async () => {
    world.control.addFaults([
      { bucket: hole, times: null, fault: { kind: 'stall', at: 'before-body' } },
      ...[0, 1, 2, 3].map((i) => ({
        bucket,
        key: `poison-${i}`,
        times: null,
        fault: { kind: 'status', status: 500, code: 'InternalError' } as const,
      })),
    ])
    const swallowed = await submitMany(hole, 'dead', 80)
    const poison = await submitMany(bucket, 'poison', 4, { priority: 10 })
    const healthy = await settledAll(await submitMany(bucket, 'healthy', 60))
    for (const job of healthy) expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0 })
    expect(await world.objectSha256('healthy-0')).toBe(await sha256Of(small))
    expect(await world.objectSha256('healthy-1')).toBe(await sha256Of(large))
    // They did not wait for the other bucket: no request to it has ended yet.
    expect(world.control.ledger().entries.filter((entry) => entry.bucket === hole)).toEqual([])

    const seenWaiting = new Set<string>()
    await until(async () => {
      for (const job of await jobsOf(hole)) {
        expect(job.attempts).toBe(0)
        if (job.state === 'queued' && job.waiting === 'endpoint') seenWaiting.add(job.id)
      }
      return seenWaiting.size === swallowed.length
    })
    const asked = world.control.ledger().entries.filter((entry) => entry.bucket === hole)
    expect(asked.length).toBeLessThan(swallowed.length)

    world.control.clearFaults()
    for (const job of await settledAll(swallowed)) {
      expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', attempts: 0, error: null })
    }
    for (const job of await settledAll(poison)) expect(job).toMatchObject({ state: 'completed', error: null })
    expect(world.control.uploads()).toEqual([])
  })
})
