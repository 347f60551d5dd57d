import { setMaxListeners } from 'node:events'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPaceGate } from '../../../src/adapters/oss/lanes/pace-gate.js'
import { mostAccounts } from '../../../src/adapters/oss/lanes/pace-memory.js'
import { createSharedPacer } from '../../../src/adapters/oss/lanes/shared-pacer.js'
import type { JobPace } from '../../../src/ports/pacer.js'

const kib = 1024
const mib = 1024 * kib
const unaborted = new AbortController().signal
setMaxListeners(0, unaborted)
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)

/** This clock goes on to the next sleeper whenever all are asleep, late by up to `lateMs`. */
const createWorld = (lateMs = 0) => {
  let now = 1_000_000_000_000n
  let turn = 0
  const sleepers = new Set<{ readonly at: bigint; wake(): void }>()
  const pacer = createSharedPacer(() => now)
  const gate = createPaceGate({
    memory: pacer.memory,
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        // It is late in a way that is the same in every run.
        const late = (lateMs * (turn++ % 7)) / 6
        const end = (): void => {
          sleepers.delete(sleeper)
          signal.removeEventListener('abort', end)
          resolve()
        }
        const sleeper = { at: now + BigInt(Math.ceil((ms + late) * 1e6)), wake: end }
        sleepers.add(sleeper)
        signal.addEventListener('abort', end)
      }),
  })

  const settle = () => new Promise((resolve) => setImmediate(resolve))

  const run = async (seconds: number): Promise<void> => {
    const end = now + BigInt(Math.round(seconds * 1e9))
    for (;;) {
      await settle()
      const next = [...sleepers].sort((a, b) => (a.at < b.at ? -1 : 1))[0]
      if (next === undefined || next.at > end) break
      if (next.at > now) now = next.at
      next.wake()
    }
    now = end
  }

  /** Sends for as long as it may, and counts. */
  const stream = (job: JobPace, signal = unaborted) => {
    const leave = job.enter()
    const sent = { bytes: 0, pieces: [] as number[] }
    const send = async (): Promise<void> => {
      while (!signal.aborted) {
        const piece = gate.piece(job.account)
        if (piece === null) return
        await gate.pass(job.account, piece, signal)
        if (signal.aborted) break
        sent.bytes += piece
        sent.pieces.push(piece)
      }
      leave()
    }
    void send()
    return sent
  }

  return { pacer, gate, run, stream, now: () => now }
}

const expectWithin = (actual: number, wanted: number, share: number) => {
  expect(Math.abs(actual / wanted - 1), `${actual} of ${wanted}`).toBeLessThanOrEqual(share)
}

describe('The pace of everything', () => {
  it('is kept within 5 % over ten seconds, whatever the rate, the streams and the lateness of timers', async () => {
    const cases = fc.tuple(
      fc.integer({ min: 10, max: 28 }).map((power) => 2 ** power + power),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 15 }),
    )
    await fc.assert(
      fc.asyncProperty(cases, async ([rate, jobs, streams, lateMs]) => {
        const { pacer, run, stream } = createWorld(lateMs)
        pacer.limit(rate)
        const opened = Array.from({ length: jobs }, () => pacer.open(null))
        const sent = opened.flatMap((job) => Array.from({ length: streams }, () => stream(job)))
        await run(10)
        const total = sent.reduce((sum, { bytes }) => sum + bytes, 0)
        // The pieces that are under way at the end may or may not be counted.
        const slack = Math.max(...sent.flatMap(({ pieces }) => pieces), 256) * sent.length
        expect(total).toBeGreaterThan(rate * 10 * 0.95 - slack)
        expect(total).toBeLessThan(rate * 10 * 1.05 + slack)
      }),
      { seed, numRuns: 15 },
    )
  }, 60_000)

  it('is shared by jobs, not by their streams', async () => {
    const { pacer, run, stream } = createWorld(3)
    pacer.limit(8 * mib)
    const [many, one] = [pacer.open(null), pacer.open(null)]
    const ofMany = Array.from({ length: 8 }, () => stream(many))
    const ofOne = stream(one)
    await run(10)
    expectWithin(ofOne.bytes, 40 * mib, 0.1)
    expectWithin(
      ofMany.reduce((sum, { bytes }) => sum + bytes, 0),
      40 * mib,
      0.1,
    )
  })

  it('leaves what a job may not or does not use to the others', async () => {
    const { pacer, run, stream } = createWorld()
    pacer.limit(4 * mib)
    const slow = stream(pacer.open(512 * kib))
    const fast = stream(pacer.open(null))
    await run(10)
    expectWithin(slow.bytes, 5 * mib, 0.05)
    expectWithin(fast.bytes, 35 * mib, 0.05)
  })

  it('holds from the moment it is set, in the middle of a wait', async () => {
    const { pacer, run, stream } = createWorld()
    pacer.limit(kib)
    const sent = stream(pacer.open(null))
    await run(5)
    const before = sent.bytes
    expectWithin(before, 5 * kib, 0.15)
    pacer.limit(mib)
    await run(5)
    expectWithin(sent.bytes - before, 5 * mib, 0.06)
    const middle = sent.bytes
    pacer.limit(100 * kib)
    await run(5)
    expect(sent.bytes - middle).toBeLessThan(5 * 100 * kib * 1.05 + 256 * kib)
  })

  it('gives nothing for the time in which nobody sent, but the lateness of timers', async () => {
    const { pacer, run, stream } = createWorld()
    pacer.limit(mib)
    await run(60)
    const sent = stream(pacer.open(null))
    await run(1)
    expect(sent.bytes).toBeLessThan(1.5 * mib)
  })

  it('wants small pieces where the rate is low, so that no stream falls silent', async () => {
    const { pacer, run, stream } = createWorld()
    pacer.limit(10 * kib)
    const jobs = Array.from({ length: 16 }, () => pacer.open(null))
    const sent = jobs.map((job) => stream(job))
    await run(20)
    for (const { pieces } of sent) expect(pieces.length).toBeGreaterThanOrEqual(20)
  })
})

describe('The pace of a job', () => {
  it('changes while it waits, and is nobody else’s', async () => {
    const { pacer, run, stream, gate } = createWorld()
    const job = pacer.open(kib)
    const other = pacer.open(null)
    const sent = stream(job)
    await run(2)
    expect(gate.piece(other.account)).toBeNull()
    job.limit(mib)
    await run(10)
    expectWithin(sent.bytes, 10 * mib, 0.06)
    job.limit(null)
    await run(0.2)
    expect(gate.piece(job.account)).toBeNull()
  })

  it('lets go of a wait when its request ends', async () => {
    const { pacer, run, stream } = createWorld()
    const ended = new AbortController()
    pacer.limit(kib)
    const job = pacer.open(null)
    const sent = stream(job, ended.signal)
    await run(1)
    const before = sent.bytes
    ended.abort()
    await run(5)
    expect(sent.bytes).toBe(before)
  })

  it('costs one look while nothing is limited', () => {
    const { pacer, gate } = createWorld()
    const job = pacer.open(null)
    expect(gate.piece(job.account)).toBeNull()
    pacer.limit(mib)
    expect(gate.piece(job.account)).not.toBeNull()
    pacer.limit(null)
    expect(gate.piece(job.account)).toBeNull()
  })

  it('gives its account back', () => {
    const { pacer, gate } = createWorld()
    for (let n = 0; n < 2 * mostAccounts; n++) {
      const job = pacer.open(kib)
      job.enter()()
      job.close()
    }
    expect(gate.piece(pacer.open(null).account)).toBeNull()
  })
})
