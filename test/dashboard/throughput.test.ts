import { describe, expect, it } from 'vitest'
import type { ProgressView } from '../../src/core/job-view.js'
import { createThroughput, shownSeconds } from '../../src/dashboard/state/throughput.js'
import { jobView } from '../http/harness.js'

const progress = (bytesUploaded: number, bytesInFlight = 0): ProgressView => ({
  ...jobView().progress,
  bytesUploaded,
  bytesInFlight,
})

const second = 1000

describe('the throughput', () => {
  it('is what jobs have moved, in the mean of three seconds', () => {
    const throughput = createThroughput(0)
    throughput.progress('a', progress(100), 10 * second)
    throughput.progress('a', progress(100, 200), 10 * second + 500)
    throughput.progress('a', progress(400, 0), 11 * second)
    expect(throughput.now(12 * second)).toBe(100)
    expect(throughput.now(20 * second)).toBe(0)
  })

  it('counts a job that is seen for the first time from where it is', () => {
    const throughput = createThroughput(0)
    throughput.progress('a', progress(1_000_000), 10 * second)
    expect(throughput.now(11 * second)).toBe(0)
  })

  it('counts bytes that are sent again once', () => {
    const throughput = createThroughput(0)
    throughput.progress('a', progress(0), 10 * second)
    throughput.progress('a', progress(0, 300), 10 * second)
    throughput.progress('a', progress(0, 0), 10 * second)
    throughput.progress('a', progress(300, 0), 10 * second)
    expect(throughput.now(11 * second)).toBe(100)
  })

  it('counts a small file that is there and gone between two looks, and none that was skipped', () => {
    const throughput = createThroughput(0)
    throughput.job(jobView({ id: 'a' }), 10 * second)
    throughput.job(jobView({ id: 'a', state: 'completed', finishedAt: 1 }), 10 * second)
    throughput.job(jobView({ id: 'b' }), 10 * second)
    throughput.job(jobView({ id: 'b', state: 'completed', outcome: 'skipped', finishedAt: 1 }), 10 * second)
    expect(throughput.now(11 * second)).toBeCloseTo(10 / 3)
  })

  it('shows nothing of the time before the page was there, and forgets what is older than its chart', () => {
    const throughput = createThroughput(10 * second)
    const series = throughput.series(13 * second)
    expect(series).toHaveLength(shownSeconds)
    expect(series.slice(-4)).toEqual([null, 0, 0, 0])
    expect(throughput.series(1000 * second).every((value) => value === 0)).toBe(true)
  })
})
