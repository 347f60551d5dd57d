import { describe, expect, it } from 'vitest'
import { createThroughput, type HistoryAnswer, shownSeconds } from '../../src/dashboard/state/throughput.js'

const start = Date.parse('2026-01-01T00:00:00.250Z')

/** Returns seconds of the daemon, the first of them `from` seconds after the start. */
const answer = (from: number, rates: readonly number[]): HistoryAnswer => ({
  stepSeconds: 1,
  items: rates.map((bytesPerSecond, index) => ({
    at: new Date(start + (from + index) * 1000).toISOString(),
    bytesPerSecond,
  })),
})

describe('the throughput', () => {
  it("is the daemon's, in the mean of three seconds, without the one that lasts still", () => {
    const throughput = createThroughput()
    throughput.take(answer(0, [300, 300, 300, 0, 7]), 0)
    expect(throughput.series().slice(-4)).toEqual([300, 300, 300, 200])
  })

  it('knows nothing of the time before the daemon was there', () => {
    const throughput = createThroughput()
    expect(throughput.series()).toEqual(Array(shownSeconds).fill(null))
    throughput.take(answer(0, [300, 0]), 0)
    expect(throughput.series()).toEqual([...Array(shownSeconds - 1).fill(null), 300])
  })

  it('asks for everything at first and after a pause, else for what is new', () => {
    const throughput = createThroughput()
    expect(throughput.range(0)).toBe('303s')
    throughput.take(answer(0, [1, 2]), 0)
    expect(throughput.range(1000)).toBe('10s')
    expect(throughput.range(60_000)).toBe('303s')
  })

  it('lays new answers over what it has: a second that lasted is corrected', () => {
    const throughput = createThroughput()
    throughput.take(answer(0, [30, 30, 30, 1]), 0)
    throughput.take(answer(2, [30, 90, 5]), 1000)
    expect(throughput.series().slice(-2)).toEqual([30, 50])
  })

  it('keeps the past of a daemon that was restarted, and forgets what is no longer shown', () => {
    const throughput = createThroughput()
    throughput.take(answer(0, [90, 90, 90, 90]), 0)
    throughput.take(answer(8, [6, 0]), 8000)
    expect(throughput.series().slice(-9)).toEqual([90, 90, 90, 90, null, null, null, null, 6])
    throughput.take(answer(4000, [0, 0]), 4_000_000)
    expect(throughput.series().filter((rate) => rate !== null)).toEqual([0])
  })

  it('believes a daemon whose clock was set back', () => {
    const throughput = createThroughput()
    throughput.take(answer(1000, [90, 90]), 0)
    throughput.take(answer(0, [6, 6, 0]), 1000)
    expect(throughput.series().slice(-2)).toEqual([6, 6])
  })
})
