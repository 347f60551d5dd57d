import { afterEach, describe, expect, it } from 'vitest'
import type { Job } from '../../src/core/job.js'
import type { ProgressView } from '../../src/core/job-view.js'
import { createProgressBoard } from '../../src/engine/feed/progress-board.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'

let clock: ReturnType<typeof createVirtualClock>
afterEach(() => clock.stop())

const setup = () => {
  clock = createVirtualClock()
  const board = createProgressBoard(clock)
  const told: ProgressView[] = []
  board.subscribe((_jobId, progress) => told.push(progress))
  const job = {
    id: 'job',
    source: { kind: 'path', fingerprint: { size: 10_000 } },
    bytesUploaded: 0,
    partsUploaded: 0,
  } as Job
  const whole = {
    ...job,
    receipt: null,
    removal: null,
    refusal: null,
    createdAt: 0,
    notBefore: null,
    startedAt: null,
    finishedAt: null,
    upload: null,
    options: { parallel: 4 },
    target: { bucket: 'b', key: 'k', endpoint: '', region: '' },
  } as Job
  const progress = board.begin(whole)
  return { board, told, progress, job: whole }
}

describe('the progress board', () => {
  it('tells of a fast transfer at most four times a second', async () => {
    const { told, progress } = setup()
    for (let bytes = 0; bytes <= 1000; bytes++) {
      progress.moving(1, bytes)
      await clock.sleep(1)
    }
    progress.end()
    expect(told.length).toBeGreaterThanOrEqual(4)
    expect(told.length).toBeLessThanOrEqual(5)
  })

  it('tells of no rate below zero after an upload was lost, and of the true one soon', async () => {
    const { board, told, progress, job } = setup()
    const send = async (from: number): Promise<void> => {
      for (let bytes = from; bytes <= 8_000; bytes += 100) {
        progress.moving(1, bytes)
        expect(board.live('job')?.bytesPerSecond ?? 0).toBeGreaterThanOrEqual(0)
        await clock.sleep(100)
      }
    }
    await send(0)
    progress.update(job)
    await send(0)
    expect(board.live('job')?.bytesPerSecond).toBeCloseTo(1_000, -2)
    progress.end()
    expect(told.every(({ bytesPerSecond }) => bytesPerSecond === null || bytesPerSecond >= 0)).toBe(true)
  })

  it('tells of a slow transfer once a second, and of a resting one nothing', async () => {
    const { told, progress } = setup()
    await clock.sleep(5_000)
    expect(told).toEqual([])
    progress.moving(1, 10)
    await clock.sleep(10_000)
    expect(told.length).toBeGreaterThanOrEqual(10)
    progress.end()
    const before = told.length
    await clock.sleep(5_000)
    expect(told.length).toBe(before)
  })

  it('lets no second pass without news while bytes are on their way, however they come', async () => {
    const { board, progress } = setup()
    const gaps: number[] = []
    let last = clock.monotonic()
    board.subscribe(() => {
      gaps.push(clock.monotonic() - last)
      last = clock.monotonic()
    })
    progress.moving(1, 0)
    for (const ms of [900, 3_000, 700, 2_900]) {
      await clock.sleep(ms)
      progress.moving(1, ms)
    }
    progress.end()
    expect(gaps.length).toBeGreaterThanOrEqual(8)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000)
  })

  it('tells how many parts there are as soon as they are planned, and keeps what landed', async () => {
    const { board, progress, job } = setup()
    const told: unknown[] = []
    board.subscribe((_id, { partsTotal, partsUploaded }) => told.push([partsTotal, partsUploaded]))
    progress.moving(1, 1)
    progress.landed(1, 10)
    const upload = { mode: 'multipart', uploadId: null, partSize: 10, partCount: 3 } as const
    progress.update({ ...job, upload, bytesUploaded: 10, partsUploaded: 1 })
    await clock.sleep(1_000)
    progress.moving(2, 5)
    progress.end()
    expect(told[0]).toEqual([null, 0])
    expect(told.at(-1)).toEqual([3, 1])
  })

  it('counts what landed and what is on its way, and takes back what was given up', () => {
    const { board, progress } = setup()
    progress.moving(1, 400)
    progress.moving(2, 300)
    expect(board.live('job')?.bytesInFlight).toBe(700)
    expect([...board.uploadingParts('job')]).toEqual([1, 2])
    progress.landed(1, 1000)
    progress.landed(2, null)
    expect(board.live('job')?.bytesInFlight).toBe(0)
    progress.end()
    expect(board.live('job')).toBeNull()
  })
})
