import { describe, expect, it } from 'vitest'
import {
  completeTimeouts,
  controlTimeouts,
  dataTimeouts,
  defaultTimeouts,
} from '../../../src/adapters/oss/wire/timeouts.js'

const MiB = 1024 * 1024

describe('the budget of a data request', () => {
  it('grows with its size, and is never below a minute and 64 KiB per second', () => {
    for (const size of [0, 1, 10 * MiB, 5 * 1024 * MiB]) {
      const { budgetMs } = dataTimeouts(defaultTimeouts, size, undefined)
      expect(budgetMs).toBeGreaterThanOrEqual(60_000 + (size / (64 * 1024)) * 1000)
    }
    expect(dataTimeouts(defaultTimeouts, 0, undefined).budgetMs).toBe(60_000)
  })

  it('is longer when OSS was asked to be slower than the slowest rate we bear', () => {
    const impatient = { ...defaultTimeouts, floorBytesPerSecond: MiB }
    const free = dataTimeouts(impatient, 10 * MiB, undefined).budgetMs
    const limited = dataTimeouts(impatient, 10 * MiB, '819200').budgetMs
    expect(free).toBe(60_000 + 10_000)
    // This is twice the time that 819,200 bits a second take for 10 MiB.
    expect(limited).toBeCloseTo(60_000 + ((2 * 10 * MiB * 8) / 819_200) * 1000)
    expect(dataTimeouts(impatient, 10 * MiB, '838860800').budgetMs).toBe(free)
  })

  it('stays below what a timer can hold', () => {
    const patient = { ...defaultTimeouts, floorBytesPerSecond: 1 }
    expect(dataTimeouts(patient, 5 * 1024 * MiB, undefined).budgetMs).toBe(2 ** 31 - 1)
  })
})

it('gives Complete its own long budget, and other control calls a short one', () => {
  expect(completeTimeouts(defaultTimeouts)).toMatchObject({ answerMs: 600_000, budgetMs: 600_000, idleMs: 30_000 })
  expect(controlTimeouts(defaultTimeouts)).toMatchObject({ answerMs: 60_000, budgetMs: 120_000 })
})
